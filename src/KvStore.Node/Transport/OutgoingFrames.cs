using KvStore.Node.Peer;
using KvStore.Raft;

namespace KvStore.Node.Transport;

/// <summary>What one turn of a worker has to say to other nodes: one frame a node, whatever the number of groups, so that the heartbeats of all groups travel as one message.</summary>
internal sealed class OutgoingFrames(ITransport transport)
{
    private readonly List<(NodeId Node, PeerFrame Frame)> _frames = [];

    /// <summary>The frame of this turn for a node.</summary>
    public PeerFrame To(NodeId node)
    {
        foreach (var (to, frame) in _frames)
            if (to == node) return frame;
        var added = new PeerFrame();
        _frames.Add((node, added));
        return added;
    }

    public void Send()
    {
        foreach (var (node, frame) in _frames) transport.Send(node, frame);
        _frames.Clear();
    }
}
