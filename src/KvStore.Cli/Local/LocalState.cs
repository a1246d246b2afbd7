using System.Text.Json.Serialization;

namespace KvStore.Cli.Local;

/// <summary>The file `cluster.json`: what `kvctl local` knows about the nodes it started.</summary>
internal sealed record LocalState(int Version, string Token, int BasePort, List<LocalNode> Nodes)
{
    public const int CurrentVersion = 1;
}

/// <summary>One node. <see cref="ProcessId"/> is 0 when it does not run.</summary>
internal sealed record LocalNode(int NodeId, int ProcessId, string ClientAddress, string PeerAddress, string HttpAddress, string ConfigFile, string LogFile);

/// <summary>A node's configuration file.</summary>
internal sealed record NodeConfig(int NodeId, string DataDirectory, string ClientAddress, string PeerAddress, string HttpAddress, string Token, List<NodeFounder> Founders);

internal sealed record NodeFounder(int NodeId, string ClientAddress, string PeerAddress);

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(LocalState))]
[JsonSerializable(typeof(NodeConfig))]
internal sealed partial class LocalJson : JsonSerializerContext;
