namespace KvStore.Storage.Engine;

/// <summary>A file of a group's store is missing or damaged; the message names it and the remedy. Only this replica stops.</summary>
public sealed class StoreDamagedException(string path, string what)
    : IOException($"{path}: {what}; the replica has to be seeded again from another one (kvctl node replace, or delete the group's directory)")
{
    public string Path { get; } = path;
}
