using System.Diagnostics;
using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using KvStore.Client;
using KvStore.Jepsen.Processes;
using KvStore.Node;
using KvStore.Protocol.V1;
using KvStore.Server.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Server.Tests.EndToEnd;

public sealed class NodeTests
{
    [Fact]
    public async Task The_sample_of_the_documentation_does_what_it_says()
    {
        var node = new SingleNode();
        await node.InitializeAsync();
        try
        {
            var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
            start.ArgumentList.Add(SampleDll);
            start.ArgumentList.Add(node.Endpoint);
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, await errors);
            Assert.Equal(
                """
                put: revision 1
                get: hello (version 1)
                swap: True
                late swap: False, there is bye
                created: True
                visits: 2
                scan: sample/greeting = bye
                scan: sample/once = first
                scan: sample/visits = 2
                deleted: True
                """.ReplaceLineEndings("\n"),
                string.Join('\n', output.Split('\n').Take(10)));
            Assert.Contains("refused:", output, StringComparison.Ordinal);
        }
        finally
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task What_was_written_is_there_after_a_stop_and_a_start()
    {
        var node = new SingleNode();
        await node.InitializeAsync();
        try
        {
            await using (var client = await node.ConnectAsync())
                for (var i = 0; i < 100; i++) await client.PutAsync($"{(char)('a' + i % 26)}/{i}", $"{i}");
            await node.StopAsync();
            await node.InitializeAsync();
            await using (var client = await node.ConnectAsync())
            {
                Assert.All((await client.Cluster.MapAsync()).Groups, group => Assert.True(group is { Leader: 1, Term: > 0 }, $"{group}"));
                for (var i = 0; i < 100; i++) Assert.Equal($"{i}", (await client.GetAsync($"{(char)('a' + i % 26)}/{i}"))?.ValueText);
                Assert.Equal(100, await client.CountAsync(KvRange.All));
                var keys = new List<string>();
                await foreach (var entry in client.ScanAsync(KvRange.All)) keys.Add(entry.KeyText);
                Assert.Equal(keys.Order(StringComparer.Ordinal), keys);
                Assert.Equal(100, keys.Count);
            }
        }
        finally
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_stopping_node_ends_the_streams_that_its_clients_hold_open()
    {
        var node = new SingleNode();
        await node.InitializeAsync();
        using var channel = GrpcChannel.ForAddress(node.Endpoint);
        using var session = new Kv.KvClient(channel).Session();
        using var observed = new Watch.WatchClient(channel).Watch();
        // Both have reached the server when one of them, begun later on the same connection, is answered.
        await session.RequestStream.WriteAsync(new SessionRequest
        {
            Batches = { new Batch { Route = new Route { RangeId = ulong.MaxValue }, Operations = { new Operation { Id = 1, Get = new GetRequest { Key = ByteString.CopyFromUtf8("a") } } } } },
        });
        Assert.True(await session.ResponseStream.MoveNext(CancellationToken.None));
        await observed.RequestStream.WriteAsync(new WatchRequest { Create = new WatchCreate { WatchId = 1, Key = ByteString.CopyFromUtf8("a") } });
        Assert.True(await observed.ResponseStream.MoveNext(CancellationToken.None));
        var ends = new[] { EndOfAsync(session.ResponseStream), EndOfAsync(observed.ResponseStream) };
        await node.DisposeAsync();
        // Why is not told to one that has not read it before the connection closes.
        Assert.All(await Task.WhenAll(ends), end => Assert.Equal(StatusCode.Unavailable, end.StatusCode));

        static async Task<Status> EndOfAsync<T>(IAsyncStreamReader<T> stream)
        {
            try
            {
                while (await stream.MoveNext(CancellationToken.None))
                {
                }
            }
            catch (RpcException e)
            {
                return e.Status;
            }

            return Status.DefaultSuccess;
        }
    }

    [Fact]
    public async Task Health_readiness_and_metrics_are_served_over_http()
    {
        var node = new SingleNode();
        await node.InitializeAsync();
        try
        {
            using var http = new HttpClient { BaseAddress = new Uri($"http://{node.Options.HttpAddress}") };
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/healthz", UriKind.Relative))).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/readyz", UriKind.Relative))).StatusCode);
            var metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
            Assert.Contains("kvstore_ready 1\n", metrics, StringComparison.Ordinal);
            Assert.Contains("kvstore_replica_is_leader{group=\"1\"} 1\n", metrics, StringComparison.Ordinal);
        }
        finally
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_data_directory_in_use_or_of_another_cluster_is_refused_in_one_line()
    {
        var node = new SingleNode();
        await node.InitializeAsync();
        try
        {
            await RefusedAsync(node.Options with { PeerAddress = node.SpareAddress }, "in use");
            await node.StopAsync();
            await RefusedAsync(node.Options with { Token = "another" }, "cluster");
        }
        finally
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_port_in_use_is_refused_in_one_line()
    {
        var node = new SingleNode();
        await node.InitializeAsync();
        var other = Directory.CreateTempSubdirectory("kvstore-server-").FullName;
        try
        {
            await RefusedAsync(node.Options with { DataDirectory = other + "/a", ClientAddress = node.SpareAddress, HttpAddress = node.OtherSpareAddress }, node.Options.PeerAddress);
            await RefusedAsync(node.Options with { DataDirectory = other + "/b", PeerAddress = node.SpareAddress, HttpAddress = node.OtherSpareAddress }, node.Options.ClientAddress);
        }
        finally
        {
            await node.DisposeAsync();
            Directory.Delete(other, recursive: true);
        }
    }

    [Fact]
    public async Task A_node_runs_inside_any_host()
    {
        var home = Directory.CreateTempSubdirectory("kvstore-server-").FullName;
        using var ports = PortBlock.Claim(3);
        try
        {
            var builder = Host.CreateApplicationBuilder([
                $"--KvStore:DataDirectory={home}/data", $"--KvStore:ClientAddress=127.0.0.1:{ports[0]}", $"--KvStore:PeerAddress=127.0.0.1:{ports[1]}", $"--KvStore:HttpAddress=127.0.0.1:{ports[2]}"]);
            builder.Logging.ClearProviders();
            builder.AddKvStoreNode();
            using var host = builder.Build();
            await host.StartAsync();
            await using (var client = await SingleNode.ConnectAsync([$"http://127.0.0.1:{ports[0]}"]))
                Assert.Equal(1ul, (await client.PutAsync("embedded", "yes")).Revision);
            await host.StopAsync();
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    // Built with the same configuration as these tests: …/bin/Release/net10.0/.
    private static string SampleDll
    {
        get
        {
            var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
            return Path.Combine(TestPaths.Root, "docs", "sample", "bin", framework.Parent!.Name, framework.Name, "sample.dll");
        }
    }

    private static async Task RefusedAsync(KvStoreServerOptions options, string mention)
    {
        await using var server = new KvStoreServer(options, NullLoggerFactory.Instance);
        var e = await Assert.ThrowsAsync<NodeStartException>(() => server.StartAsync(CancellationToken.None));
        Assert.Contains(mention, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }
}
