using System.Text;

namespace KvStore.Node.StateMachine.Transactions;

/// <summary>Keys in error messages.</summary>
internal static class KeyText
{
    private const int ShownMax = 64;

    /// <summary>Printable ASCII in quotes, anything else in hexadecimal digits; long keys are cut off.</summary>
    public static string Of(ReadOnlySpan<byte> key)
    {
        var shown = key.Length > ShownMax ? key[..ShownMax] : key;
        var rest = shown.Length < key.Length ? "…" : "";
        return shown.IndexOfAnyExceptInRange((byte)0x20, (byte)0x7E) >= 0 ? $"0x{Convert.ToHexStringLower(shown)}{rest}" : $"'{Encoding.ASCII.GetString(shown)}{rest}'";
    }
}
