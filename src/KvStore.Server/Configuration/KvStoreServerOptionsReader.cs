using System.Net;

namespace KvStore.Server.Configuration;

/// <summary>Reads and validates the settings of a node, before anything opens.</summary>
public static class KvStoreServerOptionsReader
{
    /// <summary>JSON file (named by --config or KVSTORE_CONFIG), then environment, then command line; the later wins.</summary>
    /// <exception cref="ConfigurationException">The first setting that is wrong.</exception>
    public static KvStoreServerOptions Read(IReadOnlyList<string> arguments, System.Collections.IDictionary environment)
    {
        var source = new SettingSource();
        if (SettingSource.ConfigFile(arguments, environment) is { } file) source.AddJsonFile(file);
        source.AddEnvironment(environment);
        source.AddCommandLine(arguments);
        return Read(source);
    }

    public static KvStoreServerOptions Read(SettingSource source)
    {
        var reader = new SettingReader(source);
        var fallback = new KvStoreServerOptions();
        var options = new KvStoreServerOptions
        {
            NodeId = reader.Id(nameof(fallback.NodeId), fallback.NodeId),
            DataDirectory = reader.Text(nameof(fallback.DataDirectory), fallback.DataDirectory),
            ClientAddress = reader.Address(nameof(fallback.ClientAddress), fallback.ClientAddress),
            PeerAddress = reader.Address(nameof(fallback.PeerAddress), fallback.PeerAddress),
            ClientListenAddress = reader.Address(nameof(fallback.ClientListenAddress), ""),
            PeerListenAddress = reader.Address(nameof(fallback.PeerListenAddress), ""),
            HttpAddress = reader.Address(nameof(fallback.HttpAddress), fallback.HttpAddress),
            Token = reader.Text(nameof(fallback.Token), fallback.Token),
            Founders = ReadFounders(reader),
            Insecure = reader.Switch(nameof(fallback.Insecure)),
            DataGroups = reader.Integer(nameof(fallback.DataGroups), fallback.DataGroups, 1, 64),
            ReplicasPerGroup = reader.Integer(nameof(fallback.ReplicasPerGroup), fallback.ReplicasPerGroup, 1, 5),
            HeartbeatMilliseconds = reader.Integer(nameof(fallback.HeartbeatMilliseconds), fallback.HeartbeatMilliseconds, 1, 60_000),
            ElectionTimeoutMinMilliseconds = reader.Integer(nameof(fallback.ElectionTimeoutMinMilliseconds), fallback.ElectionTimeoutMinMilliseconds, 2, 600_000),
            ElectionTimeoutMaxMilliseconds = reader.Integer(nameof(fallback.ElectionTimeoutMaxMilliseconds), fallback.ElectionTimeoutMaxMilliseconds, 3, 1_200_000),
            ClockDriftMaxFraction = reader.Fraction(nameof(fallback.ClockDriftMaxFraction), fallback.ClockDriftMaxFraction),
            ReplicaLoops = reader.Integer(nameof(fallback.ReplicaLoops), fallback.ReplicaLoops, 1, 64),
            ApplyWorkers = reader.Integer(nameof(fallback.ApplyWorkers), fallback.ApplyWorkers, 1, 64),
            ValueBytesMax = reader.Integer(nameof(fallback.ValueBytesMax), fallback.ValueBytesMax, 1, 3 << 20),
            CheckpointLogMebibytes = reader.Integer(nameof(fallback.CheckpointLogMebibytes), fallback.CheckpointLogMebibytes, 1, 65_536),
            WalTargetMebibytes = reader.Integer(nameof(fallback.WalTargetMebibytes), fallback.WalTargetMebibytes, 1, 1 << 20),
            WalSegmentMebibytes = reader.Integer(nameof(fallback.WalSegmentMebibytes), fallback.WalSegmentMebibytes, 1, 1024),
            DiskReserveMebibytes = reader.Integer(nameof(fallback.DiskReserveMebibytes), fallback.DiskReserveMebibytes, 1, 1 << 20),
            RecordMemoryMebibytes = reader.Integer(nameof(fallback.RecordMemoryMebibytes), fallback.RecordMemoryMebibytes, 16, 1 << 20),
            QueueMebibytesMax = reader.Integer(nameof(fallback.QueueMebibytesMax), fallback.QueueMebibytesMax, 1, 65_536),
            SessionTimeToLiveSeconds = reader.Integer(nameof(fallback.SessionTimeToLiveSeconds), fallback.SessionTimeToLiveSeconds, 10, 86_400),
            SessionMebibytesMax = reader.Integer(nameof(fallback.SessionMebibytesMax), fallback.SessionMebibytesMax, 1, 65_536),
            LeaseMebibytesMax = reader.Integer(nameof(fallback.LeaseMebibytesMax), fallback.LeaseMebibytesMax, 1, 65_536),
            HistorySecondsKept = reader.Integer(nameof(fallback.HistorySecondsKept), fallback.HistorySecondsKept, 1, 31_536_000),
            HistoryRevisionsKept = reader.Integer(nameof(fallback.HistoryRevisionsKept), fallback.HistoryRevisionsKept, 100, 1_000_000_000),
            ShutdownSecondsMax = reader.Integer(nameof(fallback.ShutdownSecondsMax), fallback.ShutdownSecondsMax, 1, 600),
            TestClockRatePartsPerMillion = reader.Integer(nameof(fallback.TestClockRatePartsPerMillion), 0, -500_000, 500_000),
            TestClockStrobeMilliseconds = reader.Integer(nameof(fallback.TestClockStrobeMilliseconds), 0, 0, 3_600_000),
            TestClockAheadSeconds = reader.Integer(nameof(fallback.TestClockAheadSeconds), 0, 0, 1_000_000_000),
        };
        reader.RefuseUnknown();
        Validate(options, reader);
        return options;
    }

    private static List<FounderOptions> ReadFounders(SettingReader reader)
    {
        var founders = new List<FounderOptions>();
        for (var i = 0; i < reader.ListLength("Founders"); i++)
        {
            var prefix = $"Founders:{i}:";
            foreach (var required in (string[])["NodeId", "ClientAddress", "PeerAddress"])
                if (!reader.Has(prefix + required)) throw reader.Bad(prefix + required, "is missing");
            founders.Add(new FounderOptions
            {
                NodeId = reader.Id(prefix + "NodeId", 0),
                ClientAddress = reader.Address(prefix + "ClientAddress", ""),
                PeerAddress = reader.Address(prefix + "PeerAddress", ""),
                Zone = reader.OptionalText(prefix + "Zone"),
            });
        }

        return founders;
    }

    private static void Validate(KvStoreServerOptions options, SettingReader reader)
    {
        if (options.ElectionTimeoutMinMilliseconds < 2 * options.HeartbeatMilliseconds)
            throw reader.Bad(nameof(options.ElectionTimeoutMinMilliseconds), $"expected at least twice HeartbeatMilliseconds ({options.HeartbeatMilliseconds})");
        if (options.ElectionTimeoutMaxMilliseconds <= options.ElectionTimeoutMinMilliseconds)
            throw reader.Bad(nameof(options.ElectionTimeoutMaxMilliseconds), $"expected more than ElectionTimeoutMinMilliseconds ({options.ElectionTimeoutMinMilliseconds})");
        if (options.Founders.Count > 0)
        {
            if (options.Founders.GroupBy(f => f.NodeId).FirstOrDefault(g => g.Count() > 1) is { } twice)
                throw reader.Bad("Founders", $"node {twice.Key} stands in it twice");
            if (options.Founders.FirstOrDefault(f => f.NodeId == options.NodeId) is not { } self)
                throw reader.Bad("Founders", $"expected this node ({options.NodeId}) among the founders");
            if (self.ClientAddress != options.ClientAddress) throw reader.Bad(nameof(options.ClientAddress), $"differs from this node's address in Founders ({self.ClientAddress})");
            if (self.PeerAddress != options.PeerAddress) throw reader.Bad(nameof(options.PeerAddress), $"differs from this node's address in Founders ({self.PeerAddress})");
        }

        if (options.Insecure) return;
        var clients = Listening(nameof(options.ClientListenAddress), nameof(options.ClientAddress), options.ClientListenAddress);
        var peers = Listening(nameof(options.PeerListenAddress), nameof(options.PeerAddress), options.PeerListenAddress);
        foreach (var (key, endPoint) in new[] { (clients, options.ClientEndPoint), (peers, options.PeerEndPoint), (nameof(options.HttpAddress), options.HttpEndPoint) })
            if (!IPAddress.IsLoopback(endPoint.Address))
                throw reader.Bad(key, "without TLS a node binds loopback only; set Insecure = true to bind it all the same");
    }

    // The setting that decided where the node listens.
    private static string Listening(string listen, string advertised, string listenValue) => listenValue.Length > 0 ? listen : advertised;
}
