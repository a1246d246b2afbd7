using System.Text.Json;

namespace KvStore.Cli.Local;

/// <summary>The directory of a local cluster.</summary>
internal sealed class LocalStore(string directory, string shown)
{
    public string Directory => directory;

    /// <summary>As the user wrote it.</summary>
    public string Shown => shown;

    private string StateFile => Path.Combine(directory, "cluster.json");

    public string DataDirectory(int node) => Path.Combine(directory, $"node-{node}");

    public string ConfigFile(int node) => Path.Combine(directory, $"node-{node}.json");

    /// <summary>Null when there is no cluster.</summary>
    /// <exception cref="CommandException">The file cannot be read.</exception>
    public LocalState? Read()
    {
        if (!File.Exists(StateFile)) return null;
        try
        {
            var state = JsonSerializer.Deserialize(File.ReadAllBytes(StateFile), LocalJson.Default.LocalState);
            if (state is { Version: LocalState.CurrentVersion, Nodes.Count: > 0 }) return state;
        }
        catch (JsonException)
        {
            // Told below.
        }
        throw new CommandException(ExitCode.Error, $"{shown}/cluster.json is damaged or of another version of kvctl; stop its nodes and remove {shown}");
    }

    public void Write(LocalState state)
    {
        System.IO.Directory.CreateDirectory(directory);
        var temporary = StateFile + ".new";
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(state, LocalJson.Default.LocalState));
        File.Move(temporary, StateFile, overwrite: true);
    }

    public void WriteConfig(NodeConfig config)
    {
        System.IO.Directory.CreateDirectory(config.DataDirectory);
        File.WriteAllBytes(ConfigFile(config.NodeId), JsonSerializer.SerializeToUtf8Bytes(config, LocalJson.Default.NodeConfig));
    }

    /// <summary>A node's data without a cluster.json, if there is any.</summary>
    public string? LeftOver() => !System.IO.Directory.Exists(directory) ? null : System.IO.Directory.EnumerateFileSystemEntries(directory, "node-*").Order(StringComparer.Ordinal).FirstOrDefault();

    public void Wipe()
    {
        if (!System.IO.Directory.Exists(directory)) return;
        foreach (var data in System.IO.Directory.EnumerateDirectories(directory, "node-*")) System.IO.Directory.Delete(data, recursive: true);
        foreach (var file in System.IO.Directory.EnumerateFiles(directory, "node-*.json")) File.Delete(file);
        File.Delete(StateFile);
        if (!System.IO.Directory.EnumerateFileSystemEntries(directory).Any()) System.IO.Directory.Delete(directory);
    }
}
