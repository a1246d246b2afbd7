using System.IO.Compression;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace KvStore.Profile;

/// <summary>
/// A profile as the native compiler reads it (the runtime's MIBC format, 1.0): an assembly whose methods are never run. <c>AssemblyDictionary</c> names a method for each assembly,
/// whose instructions load one after the other a token of a profiled method and its probes.
/// </summary>
internal sealed class ProfileModule
{
    /// <summary>Before each probe: offset, kind, number of values and the kind's own number all follow.</summary>
    private const int AllFields = 0xF;

    /// <summary>A type or method that was seen and cannot be named here; 0 is an empty place.</summary>
    private const int Unknown = 1;

    private readonly AssemblyIndex _index;
    private readonly MetadataBuilder _metadata = new();
    private readonly MethodBodyStreamEncoder _bodies = new(new BlobBuilder());
    private readonly ProfileReferences _references;
    private readonly BlobHandle _noArguments;
    private readonly SortedDictionary<string, InstructionEncoder> _groups = new(StringComparer.Ordinal);

    public ProfileModule(AssemblyIndex index)
    {
        _index = index;
        _references = new ProfileReferences(index, _metadata);
        _metadata.AddModule(0, _metadata.GetOrAddString("profile"), _metadata.GetOrAddGuid(new Guid("0f0d5f2e-6c1b-4b8a-9a53-5d7b4f1c9e21")), default, default);
        _metadata.AddAssembly(_metadata.GetOrAddString("profile"), new Version(0, 0), default, default, default, AssemblyHashAlgorithm.None);
        _metadata.AddTypeDefinition(default, default, _metadata.GetOrAddString("<Module>"), default, MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
        var signature = new BlobBuilder();
        new BlobEncoder(signature).MethodSignature().Parameters(0, type => type.Void(), _ => { });
        _noArguments = _metadata.GetOrAddBlob(signature);
    }

    public int MethodCount { get; private set; }

    public int UnknownCount { get; private set; }

    public void Add(CountedMethod counted)
    {
        if (Find(counted) is not var (name, type, method) || _references.Method(name, type, method) is not { IsNil: false } token)
        {
            UnknownCount++;
            return;
        }

        if (!_groups.TryGetValue(type.Assembly, out var il)) _groups.Add(type.Assembly, il = new InstructionEncoder(new BlobBuilder()));
        LoadToken(il, token);
        il.LoadString(_metadata.GetOrAddUserString("InstrumentationDataStart"));
        foreach (var probe in counted.Probes) AddProbe(il, probe);
        il.LoadString(_metadata.GetOrAddUserString("InstrumentationDataEnd"));
        il.OpCode(ILOpCode.Pop);
        MethodCount++;
    }

    /// <summary>Writes it compressed; the same methods give the same bytes.</summary>
    public void Save(string path)
    {
        var dictionary = new InstructionEncoder(new BlobBuilder());
        foreach (var (assembly, il) in _groups)
        {
            dictionary.LoadString(_metadata.GetOrAddUserString(assembly + ";"));
            LoadToken(dictionary, AddMethod("Assemblies_" + assembly, il));
            dictionary.OpCode(ILOpCode.Pop);
        }

        AddMethod("AssemblyDictionary", dictionary);
        var image = new BlobBuilder();
        new ManagedPEBuilder(new PEHeaderBuilder(), new MetadataRootBuilder(_metadata), _bodies.Builder, deterministicIdProvider: _ => new BlobContentId(Guid.Empty, 1)).Serialize(image);
        using var file = File.Create(path);
        using var archive = new ZipArchive(file, ZipArchiveMode.Create);
        var entry = archive.CreateEntry(Path.GetFileName(path) + ".dll", CompressionLevel.SmallestSize);
        entry.LastWriteTime = new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using var stream = entry.Open();
        image.WriteContentTo(stream);
    }

    private static void LoadToken(InstructionEncoder il, EntityHandle token)
    {
        il.OpCode(ILOpCode.Ldtoken);
        il.Token(token);
    }

    private MethodDefinitionHandle AddMethod(string name, InstructionEncoder il) => _metadata.AddMethodDefinition(
        MethodAttributes.Public | MethodAttributes.Static, MethodImplAttributes.IL, _metadata.GetOrAddString(name), _noArguments, _bodies.AddMethodBody(il), default);

    /// <summary>A method's name may hold dots, of the interface that it implements: the longest type that has such a method is meant.</summary>
    private (TypeName Name, DefinedType Type, MethodDefinition Method)? Find(CountedMethod counted)
    {
        var depth = 0;
        for (var dot = counted.Name.Length - 1; dot > 0; dot--)
        {
            depth += counted.Name[dot] switch { ']' => 1, '[' => -1, _ => 0 };
            if (counted.Name[dot] != '.' || depth > 0) continue;
            var name = TypeName.Parse(counted.Name[..dot]);
            foreach (var type in _index.Find(name.Name))
            {
                var methods = type.Methods.Where(method => type.Reader.StringComparer.Equals(method.Name, counted.Name[(dot + 1)..]) && type.IlSize(method) == counted.IlSize
                    && SignatureText.Of(method) == counted.Signature).ToList();
                if (methods.Count == 1) return (name, type, methods[0]);
            }
        }

        return null;
    }

    private void AddProbe(InstructionEncoder il, Probe probe)
    {
        il.LoadConstantI4(AllFields);
        il.LoadConstantI4(probe.Offset);
        il.LoadConstantI4(probe.Kind);
        il.LoadConstantI4(probe.Values.Length);
        il.LoadConstantI4(probe.Other);
        if (probe.Holds == ProbeValues.None) return;
        foreach (var value in probe.Values)
        {
            switch (probe.Holds)
            {
                case ProbeValues.FourBytes:
                    il.LoadConstantI4((int)Math.Min(uint.Parse(value), int.MaxValue));
                    break;
                case ProbeValues.EightBytes:
                    var halves = value.Split(' ');
                    il.LoadConstantI8((long)(uint.Parse(halves[0]) | ((ulong)uint.Parse(halves[1]) << 32)));
                    break;
                default:
                    AddSeen(il, value, probe.Holds);
                    break;
            }
        }
    }

    private void AddSeen(InstructionEncoder il, string value, ProbeValues kind)
    {
        if (value == "NULL")
            il.LoadConstantI4(0);
        else if (value != "UNKNOWN" && (kind == ProbeValues.Types ? _references.Type(TypeName.Parse(value)) : _references.Method(value)) is { IsNil: false } token)
            LoadToken(il, token);
        else
            il.LoadConstantI4(Unknown);
    }
}
