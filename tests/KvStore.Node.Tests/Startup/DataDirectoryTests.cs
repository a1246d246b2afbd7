using KvStore.Node.Startup;
using KvStore.Raft;
using KvStore.Storage.FileSystem;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Node.Tests.Startup;

public class DataDirectoryTests
{
    private static readonly NodeOptions Options = new()
    {
        Id = new NodeId(1), DataDirectory = "/data", Token = "t", Founders = [new Founder(new NodeId(1), "a:1", "a:2"), new Founder(new NodeId(2), "b:1", "b:2")],
    };

    [Fact]
    public void A_new_directory_gets_an_identity_that_a_restart_finds_whenever_the_power_goes()
    {
        for (ulong seed = 0; seed < 50; seed++)
        {
            var disk = new MemoryFileSystem();
            var identity = DataDirectory.Open(Options, disk, new SeededRandom(seed)).Identity;
            disk.Crash(seed);
            using var again = DataDirectory.Open(Options, disk, new SeededRandom(seed + 1000));
            Assert.Equal(identity.Incarnation.ToArray(), again.Identity.Incarnation.ToArray());
            Assert.Equal(identity.WalId, again.Identity.WalId);
        }
    }

    [Fact]
    public void Power_lost_at_any_moment_of_the_first_open_leaves_a_directory_that_opens()
    {
        for (var operation = 1; ; operation++)
        {
            var disk = new MemoryFileSystem { StopAtOperation = operation };
            try
            {
                DataDirectory.Open(Options, disk, new SeededRandom(1)).Dispose();
                return;
            }
            catch (MachineStoppedException)
            {
                disk.Crash((ulong)operation);
                DataDirectory.Open(Options, disk, new SeededRandom(2)).Dispose();
            }
        }
    }

    [Fact]
    public void A_damaged_identity_is_refused_at_every_bit()
    {
        var disk = new MemoryFileSystem();
        DataDirectory.Open(Options, disk, new SeededRandom(1)).Dispose();
        long bits;
        using (var file = disk.Open("/data/IDENTITY", FileOpen.ReadOnly)) bits = file.Length * 8;
        for (long bit = 0; bit < bits; bit++)
        {
            disk.FlipBit("/data/IDENTITY", bit);
            Assert.Contains("IDENTITY", Assert.Throws<NodeStartException>(() => DataDirectory.Open(Options, disk, new SeededRandom(1))).Message, StringComparison.Ordinal);
            disk.FlipBit("/data/IDENTITY", bit);
        }
        DataDirectory.Open(Options, disk, new SeededRandom(1)).Dispose();
    }

    [Fact]
    public void A_directory_with_data_but_no_identity_is_refused()
    {
        var disk = new MemoryFileSystem();
        disk.CreateDirectory("/data/wal");
        Assert.Contains("no IDENTITY", Assert.Throws<NodeStartException>(() => DataDirectory.Open(Options, disk, new SeededRandom(1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Peers_are_known_by_their_first_incarnation_for_ever()
    {
        var disk = new MemoryFileSystem();
        using var directory = DataDirectory.Open(Options, disk, new SeededRandom(1));
        var (self, first, second) = (directory.Identity, Enumerable.Repeat((byte)1, 16).ToArray(), Enumerable.Repeat((byte)2, 16).ToArray());
        var peers = new PeerIdentities(disk, "/data", self, NullLogger.Instance);
        Assert.Null(peers.Refuse(new NodeId(2), self.ClusterId.Span, first));
        Assert.Equal("node 2 was wiped: kvctl node replace 2", peers.Refuse(new NodeId(2), self.ClusterId.Span, second));
        Assert.Contains("another cluster", peers.Refuse(new NodeId(2), new byte[32], first), StringComparison.Ordinal);
        Assert.Contains("calls itself node 1", peers.Refuse(new NodeId(1), self.ClusterId.Span, first), StringComparison.Ordinal);
        Assert.Contains("3 bytes", peers.Refuse(new NodeId(3), self.ClusterId.Span, new byte[3]), StringComparison.Ordinal);
        disk.Crash(1);
        Assert.NotNull(new PeerIdentities(disk, "/data", self, NullLogger.Instance).Refuse(new NodeId(2), self.ClusterId.Span, second));
    }
}
