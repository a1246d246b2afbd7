using System.Text;
using KvStore.Node.Locks;

namespace KvStore.Simulation.Checks;

/// <summary>What was answered to a question who leads.</summary>
/// <param name="Token">0: nobody.</param>
/// <param name="Proclaimed">How often the leader had replaced its value.</param>
internal sealed record Sighting(long Call, long Return, ulong Token, ulong Lease, ulong Proclaimed, string Value)
{
    public static Sighting Of(long call, long at, LockDescription leader) => leader.Holder is { } holder
        ? new Sighting(call, at, leader.Token, holder.Lease.Value, leader.Proclaimed, Encoding.UTF8.GetString(holder.Value.Span))
        : new Sighting(call, at, 0, 0, 0, "");

    public bool IsOf(LockDescription leader) => Of(Call, Return, leader) == this;
}
