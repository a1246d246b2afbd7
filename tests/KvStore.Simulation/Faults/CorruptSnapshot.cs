using Google.Protobuf;
using KvStore.Node.Peer;

namespace KvStore.Simulation.Faults;

/// <summary>Bits flip in the chunks of snapshots on their way.</summary>
internal sealed class CorruptSnapshot : IFault
{
    public string Name => "corrupt-snapshot";
    public int Weight => 6;

    public Action? Begin(FaultScene scene)
    {
        var network = scene.Cluster.Network;
        if (network.Filter is not null) return null;
        network.Filter = (_, _, frame) =>
        {
            foreach (var chunk in frame.Chunks) Flip(chunk);
            return true;
        };
        return () => network.Filter = null;
    }

    private static void Flip(SnapshotChunk chunk)
    {
        if (chunk.State is { } state)
        {
            var hash = state.Hash.ToByteArray();
            if (hash.Length > 0) hash[0] ^= 1;
            state.Hash = ByteString.CopyFrom(hash);
        }
        else if (chunk.Records.Count > 0) chunk.Records[0].Revision ^= 1;
    }
}
