using KvStore.Jepsen.Disks;
using KvStore.Jepsen.Processes;

namespace KvStore.Jepsen.Nemeses;

/// <summary>
/// A kind of fault. To add one: one file that implements this, one line in <see cref="NemesisList"/>. Several may be at work at once, each with strikes one after another.
/// </summary>
internal interface INemesis
{
    /// <summary>As the command line names it.</summary>
    string Name { get; }

    /// <summary>One line for people.</summary>
    string Summary { get; }

    /// <summary>Why it cannot work on this machine; null when it can.</summary>
    string? Unavailable => NodeDisk.Unavailable(Disk);

    /// <summary>What the nodes' disks must be for it.</summary>
    DiskKind Disk => DiskKind.Directory;

    /// <summary>The longest pause between two strikes.</summary>
    TimeSpan CalmMax => TimeSpan.FromSeconds(3);

    /// <summary>The clocks that the nodes begin with; null: the machine's.</summary>
    Func<int, NodeClock>? Clocks(Random random) => null;

    /// <summary>Does one fault, waits, and undoes it. When the run ends, waits end early and the fault is still undone.</summary>
    Task StrikeAsync(Battlefield field);
}
