using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace KvStore.Profile;

/// <summary>All types of the assemblies that ran, by the names that the runtime gives them.</summary>
internal sealed class AssemblyIndex : IDisposable
{
    private readonly List<PEReader> _files = [];
    private readonly Dictionary<string, List<DefinedType>> _types = new(StringComparer.Ordinal);

    private AssemblyIndex()
    {
    }

    /// <summary>Of assemblies with the same name the first counts.</summary>
    public static AssemblyIndex Open(IEnumerable<string> folders)
    {
        var index = new AssemblyIndex();
        foreach (var file in folders.SelectMany(folder => Directory.EnumerateFiles(folder, "*.dll")).DistinctBy(Path.GetFileName).Order(StringComparer.Ordinal)) index.AddFile(file);
        return index;
    }

    /// <summary>The types of that name, of several assemblies at times.</summary>
    public IReadOnlyList<DefinedType> Find(string name) => _types.TryGetValue(name, out var types) ? types : [];

    public void Dispose() => _files.ForEach(file => file.Dispose());

    private void AddFile(string path)
    {
        var file = new PEReader(File.OpenRead(path), PEStreamOptions.PrefetchEntireImage);
        _files.Add(file);
        if (!file.HasMetadata) return;
        var reader = file.GetMetadataReader();
        if (!reader.IsAssembly) return;
        var assembly = reader.GetString(reader.GetAssemblyDefinition().Name);
        foreach (var handle in reader.TypeDefinitions)
        {
            var type = new DefinedType(file, reader, assembly, reader.GetTypeDefinition(handle));
            if (!_types.TryGetValue(type.FullName, out var types)) _types.Add(type.FullName, types = []);
            types.Add(type);
        }
    }
}
