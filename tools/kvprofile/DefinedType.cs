using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace KvStore.Profile;

/// <summary>A type where it is defined.</summary>
internal sealed record DefinedType(PEReader File, MetadataReader Reader, string Assembly, TypeDefinition Definition)
{
    public string Name => Reader.GetString(Definition.Name);

    public string Namespace => Reader.GetString(Definition.Namespace);

    /// <summary>The type around it; null for one that stands by itself.</summary>
    public DefinedType? Outer => Definition.GetDeclaringType() is { IsNil: false } outer ? this with { Definition = Reader.GetTypeDefinition(outer) } : null;

    /// <summary>As the runtime names it: <c>Namespace.Outer+Name</c>.</summary>
    public string FullName => Outer is { } outer ? outer.FullName + "+" + Name : Joined(Namespace, Name);

    public bool IsValueType => NameOf(Definition.BaseType) is "System.ValueType" or "System.Enum" && FullName != "System.Enum";

    public IEnumerable<MethodDefinition> Methods => Definition.GetMethods().Select(Reader.GetMethodDefinition);

    public int IlSize(MethodDefinition method) => method.RelativeVirtualAddress == 0 ? 0 : File.GetMethodBody(method.RelativeVirtualAddress).GetILReader().Length;

    /// <summary>The full name of a type that this one's assembly mentions; empty for what has none.</summary>
    public string NameOf(EntityHandle type)
    {
        if (type.IsNil) return "";
        if (type.Kind == HandleKind.TypeDefinition) return (this with { Definition = Reader.GetTypeDefinition((TypeDefinitionHandle)type) }).FullName;
        if (type.Kind != HandleKind.TypeReference) return "";
        var reference = Reader.GetTypeReference((TypeReferenceHandle)type);
        var name = Reader.GetString(reference.Name);
        return reference.ResolutionScope.Kind == HandleKind.TypeReference ? NameOf(reference.ResolutionScope) + "+" + name : Joined(Reader.GetString(reference.Namespace), name);
    }

    private static string Joined(string space, string name) => space.Length == 0 ? name : space + "." + name;
}
