using System.Globalization;
using System.Text;

namespace KvStore.Bench;

/// <summary>The same keys for every target; the first letter spreads them over the four ranges that a new cluster's default keyspace has.</summary>
internal static class BenchKeys
{
    public static byte[][] Make(BenchOptions options)
    {
        var keys = new byte[options.Keys][];
        for (var i = 0; i < keys.Length; i++)
            keys[i] = Encoding.ASCII.GetBytes("bjpv"[i % 4] + i.ToString(CultureInfo.InvariantCulture).PadLeft(options.KeyBytes - 1, '0'));
        return keys;
    }

    public static byte[] Value(BenchOptions options)
    {
        var value = new byte[options.ValueBytes];
        new Random(1).NextBytes(value);
        return value;
    }
}
