using System.Diagnostics;
using System.Text;
using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;
using KvStore.Storage.Tests.FileSystem;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace KvStore.Storage.Tests.Engine;

/// <summary>FASTER on the real disk: kill -9 and power cuts at random moments of a process that writes, compacts, checkpoints and reclaims. KVSTORE_KILL_ROUNDS sets how many.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const ulong Seed = 5;
    /// <summary>The state of the last checkpoint that is known to be complete.</summary>
    private string? _completed;
    private int _checkpoints, _passes;

    private static int Rounds(int otherwise) => int.TryParse(Environment.GetEnvironmentVariable("KVSTORE_KILL_ROUNDS"), out var rounds) ? rounds : otherwise;

    [Fact]
    public void A_killed_store_comes_back_as_its_last_checkpoint()
    {
        var directory = System.IO.Directory.CreateTempSubdirectory("kvstore-kill-").FullName;
        var random = new Random(1);
        for (var round = 1; round <= Rounds(6); round++)
        {
            using var writer = Start(directory + "/group");
            var begun = Follow(writer, random, process => process.Kill());
            Check(directory + "/group", begun, round);
        }

        System.IO.Directory.Delete(directory, recursive: true);
        Report();
    }

    [Fact]
    public void A_store_whose_machine_lost_power_comes_back_as_its_last_checkpoint()
    {
        using var disk = LoopDisk.TryMake(out var reason);
        if (disk is null)
        {
            output.WriteLine($"SKIPPED {nameof(A_store_whose_machine_lost_power_comes_back_as_its_last_checkpoint)}: {reason}");
            return;
        }

        var random = new Random(2);
        for (var round = 1; round <= Rounds(2); round++)
        {
            using var writer = Start(disk.Directory + "/group");
            var begun = Follow(writer, random, disk.CutPower);
            disk.Mount();
            Check(disk.Directory + "/group", begun, round);
        }

        Report();
    }

    private static Process Start(string directory)
    {
        var host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        return Process.Start(new ProcessStartInfo(host, [typeof(KillTests).Assembly.Location, "engine-writer", directory, $"{Seed}"]) { RedirectStandardOutput = true })!;
    }

    /// <summary>Lets it complete some checkpoints and then run on for a moment, ends it, and returns the states of the checkpoints that it began after the last completed one.</summary>
    private List<string> Follow(Process writer, Random random, Action<Process> end)
    {
        var begun = new List<string>();
        var (checkpoints, passes) = (_checkpoints + random.Next(1, 6), _passes);
        while (_checkpoints < checkpoints || _passes == passes) Take(writer.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the writer ended by itself"), begun);
        writer.WaitForExit(random.Next(0, 80));
        end(writer);
        writer.WaitForExit();
        while (writer.StandardOutput.ReadLine() is { } line) Take(line, begun);
        return begun;
    }

    private void Take(string line, List<string> begun)
    {
        Assert.False(line.StartsWith("failed", StringComparison.Ordinal), line);
        if (line == "reclaimed") _passes++;
        if (line.StartsWith("begin ", StringComparison.Ordinal)) begun.Add(line[6..]);
        if (!line.StartsWith("done ", StringComparison.Ordinal)) return;
        _completed = line[5..];
        begun.RemoveRange(0, begun.IndexOf(_completed) + 1);
        _checkpoints++;
    }

    private void Check(string directory, List<string> begun, int round)
    {
        var fileSystem = FileSystems.ForThisPlatform();
        using var store = GroupStore.Open(fileSystem, directory, new FasterRecordStoreFactory(fileSystem, KilledWriter.Options), NullLogger.Instance);
        var state = store.RecoveredState is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null;
        Assert.True(state == _completed || begun.Contains(state!), $"round {round}: recovered '{state}' instead of '{_completed}' or one of '{string.Join("', '", begun)}'");
        var range = Assert.Single(store.Ranges);
        Assert.Equal(state, KilledWriter.StateOf(range));
        KilledWriter.Writes(Seed).Check(range);
        _completed = state;
    }

    private void Report() => output.WriteLine($"{_checkpoints} checkpoints and {_passes} reclaim passes up to '{_completed}'");
}
