using KvStore.Node.Peer;
using KvStore.Raft;

namespace KvStore.Node.Transport;

/// <summary>Carries frames between nodes. Best effort: frames may be lost, delayed, repeated; a full queue drops. Frames of one connection arrive in order.</summary>
public interface ITransport
{
    /// <summary>Sends without waiting. The frame belongs to the transport from here on.</summary>
    void Send(NodeId to, PeerFrame frame);
    /// <summary>Sets who receives; called once before the first frame. Calls may come from any thread and must return quickly.</summary>
    void Receive(IFrameReceiver receiver);
    /// <summary>The nodes that can be reached and where ("host:port"); replaces the list before.</summary>
    void SetPeers(IReadOnlyDictionary<NodeId, string> peers);
}

public interface IFrameReceiver
{
    void Received(NodeId from, PeerFrame frame);
    /// <summary>A connection broke or a queue overflowed: frames to that node may have been lost.</summary>
    void Unreachable(NodeId node);
}
