namespace KvStore.Jepsen.Processes;

/// <summary>The ports of one node. Without proxies the node listens at the very ports that others dial.</summary>
/// <param name="Client">What clients dial.</param>
/// <param name="Peer">What other nodes dial.</param>
/// <param name="ClientListen">Where the node takes clients.</param>
/// <param name="PeerListen">Where the node takes other nodes.</param>
/// <param name="Http">Health and metrics; never behind a proxy.</param>
internal sealed record NodePorts(int Client, int Peer, int ClientListen, int PeerListen, int Http);
