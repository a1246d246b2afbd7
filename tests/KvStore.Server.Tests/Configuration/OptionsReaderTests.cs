using System.Collections;
using KvStore.Server.Configuration;

namespace KvStore.Server.Tests.Configuration;

public sealed class OptionsReaderTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Without_settings_a_single_node_on_loopback_results()
    {
        var options = KvStoreServerOptionsReader.Read([], new Hashtable());
        Assert.Equal(1ul, options.NodeId);
        Assert.Equal("127.0.0.1:7101", options.ClientAddress);
        Assert.Single(options.ToNodeOptions().Founders);
    }

    [Fact]
    public void The_command_line_wins_over_the_environment_and_that_over_the_file()
    {
        File.WriteAllText(_file, """{ "DataGroups": 2, "ReplicaLoops": 2, "ApplyWorkers": 2 /* a comment */ }""");
        var environment = new Hashtable { ["KVSTORE_ReplicaLoops"] = "3", ["KVSTORE_ApplyWorkers"] = "3", ["PATH"] = "x" };
        var options = KvStoreServerOptionsReader.Read(["--config", _file, "--ApplyWorkers=4"], environment);
        Assert.Equal((2, 3, 4), (options.DataGroups, options.ReplicaLoops, options.ApplyWorkers));
    }

    [Fact]
    public void The_sample_configurations_are_valid()
    {
        for (var node = 1; node <= 3; node++)
        {
            var options = KvStoreServerOptionsReader.Read(["--config", Path.Combine(TestPaths.Root, "config", $"node-{node}.json")], new Hashtable());
            Assert.Equal((ulong)node, options.NodeId);
            Assert.Equal(3, options.Founders.Count);
        }
    }

    [Theory]
    [InlineData("--NodeId", "zero", "command line: NodeId = 'zero': expected a whole number of at least 1")]
    [InlineData("--NodeId", "0", "command line: NodeId = '0': expected a whole number of at least 1")]
    [InlineData("--ClientAddress", "nowhere", "command line: ClientAddress = 'nowhere': expected IP-address:port, such as 127.0.0.1:7101")]
    [InlineData("--ClientAddress", "127.0.0.1:70000", "command line: ClientAddress = '127.0.0.1:70000': expected IP-address:port, such as 127.0.0.1:7101")]
    [InlineData("--DataGroups", "1000", "command line: DataGroups = '1000': expected a whole number from 1 to 64")]
    [InlineData("--DataGroup", "1", "command line: DataGroup = '1': unknown setting")]
    [InlineData("--ElectionTimeoutMinMilliseconds", "150", "command line: ElectionTimeoutMinMilliseconds = '150': expected at least twice HeartbeatMilliseconds (100)")]
    [InlineData("--PeerListenAddress", "0.0.0.0:7201", "command line: PeerListenAddress = '0.0.0.0:7201': without TLS a node binds loopback only; set Insecure = true to bind it all the same")]
    [InlineData("--LeaseMebibytesMax", "0", "command line: LeaseMebibytesMax = '0': expected a whole number from 1 to 65536")]
    [InlineData("--SessionMebibytesMax", "many", "command line: SessionMebibytesMax = 'many': expected a whole number from 1 to 65536")]
    [InlineData("--Insecure", "maybe", "command line: Insecure = 'maybe': expected true or false")]
    [InlineData("--ClientAddress", "0.0.0.0:7101", "command line: ClientAddress = '0.0.0.0:7101': without TLS a node binds loopback only; set Insecure = true to bind it all the same")]
    public void A_wrong_setting_is_refused_in_one_line_that_names_source_key_value_and_what_was_expected(string key, string value, string message)
    {
        var e = Assert.Throws<ConfigurationException>(() => KvStoreServerOptionsReader.Read([key, value], new Hashtable()));
        Assert.Equal(message, e.Message);
    }

    [Fact]
    public void The_tables_of_sessions_and_leases_have_limits()
    {
        var options = KvStoreServerOptionsReader.Read(["--SessionMebibytesMax", "3", "--LeaseMebibytesMax=5"], new Hashtable());
        Assert.Equal((3L << 20, 5), (options.ToNodeOptions().SessionBytesMax, options.LeaseMebibytesMax));
    }

    [Fact]
    public void Insecure_lets_a_node_bind_beyond_loopback() =>
        Assert.Equal("0.0.0.0:7101", KvStoreServerOptionsReader.Read(["--ClientAddress", "0.0.0.0:7101", "--Insecure", "true"], new Hashtable()).ClientAddress);

    [Fact]
    public void A_file_that_is_no_JSON_is_named()
    {
        File.WriteAllText(_file, "{ NodeId: 1 }");
        var e = Assert.Throws<ConfigurationException>(() => KvStoreServerOptionsReader.Read(["--config", _file], new Hashtable()));
        Assert.StartsWith($"{_file}: (file): is not valid JSON", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var e = Assert.Throws<ConfigurationException>(() => KvStoreServerOptionsReader.Read(["--config", "/no/such/file"], new Hashtable()));
        Assert.StartsWith("/no/such/file: (file): cannot be read", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "NodeId": 9, "Founders": [ { "NodeId": 1, "ClientAddress": "127.0.0.1:1", "PeerAddress": "127.0.0.1:2" } ] }""", "expected this node (9) among the founders")]
    [InlineData("""{ "Founders": [ { "NodeId": 1, "ClientAddress": "127.0.0.1:1" } ] }""", "Founders:0:PeerAddress: is missing")]
    [InlineData("""{ "Founders": [ { "NodeId": 1, "ClientAddress": "127.0.0.1:1", "PeerAddress": "127.0.0.1:7201" } ] }""", "differs from this node's address in Founders (127.0.0.1:1)")]
    [InlineData("""{ "Founders": [ { "NodeId": 1, "ClientAddress": "127.0.0.1:7101", "PeerAddress": "127.0.0.1:7201" }, { "NodeId": 1, "ClientAddress": "127.0.0.1:5", "PeerAddress": "127.0.0.1:6" } ] }""", "node 1 stands in it twice")]
    public void A_list_of_founders_that_does_not_fit_is_refused(string json, string expected)
    {
        File.WriteAllText(_file, json);
        var e = Assert.Throws<ConfigurationException>(() => KvStoreServerOptionsReader.Read(["--config", _file], new Hashtable()));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }
}
