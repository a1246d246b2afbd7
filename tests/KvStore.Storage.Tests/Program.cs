using System.Globalization;
using KvStore.Storage.Tests.Engine;

namespace KvStore.Storage.Tests;

/// <summary>The test assembly as a program: the processes that tests kill.</summary>
internal static class Program
{
    private static int Main(string[] arguments) => arguments switch
    {
        ["engine-writer", var directory, var seed] => KilledWriter.Run(directory, ulong.Parse(seed, CultureInfo.InvariantCulture)),
        _ => 2,
    };
}
