using System.Globalization;
using KvStore.Client;

namespace KvStore.Cli;

/// <summary>Leases as a user writes them: the hexadecimal digits that kvctl prints.</summary>
internal static class LeaseIds
{
    /// <exception cref="CommandException">It is none.</exception>
    public static KvLeaseId Parse(string text) => ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id) && id is > 0 and <= long.MaxValue
        ? new KvLeaseId(id)
        : throw new CommandException(ExitCode.Usage, $"lease: '{text}' is no lease id; kvctl lease grant and kvctl lease list print them");
}
