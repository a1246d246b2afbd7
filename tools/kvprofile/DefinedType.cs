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

    public bool IsValueType => FullName(Definition.BaseType) is "System.ValueType" or "System.Enum" && !(Namespace == "System" && Name == "Enum");

    public IEnumerable<MethodDefinition> Methods => Definition.GetMethods().Select(Reader.GetMethodDefinition);

    public int IlSize(MethodDefinition method) => method.RelativeVirtualAddress == 0 ? 0 : File.GetMethodBody(method.RelativeVirtualAddress).GetILReader().Length;

    private string FullName(EntityHandle type)
    {
        if (type.IsNil) return "";
        if (type.Kind == HandleKind.TypeReference)
        {
            var reference = Reader.GetTypeReference((TypeReferenceHandle)type);
            return Reader.GetString(reference.Namespace) + "." + Reader.GetString(reference.Name);
        }

        if (type.Kind != HandleKind.TypeDefinition) return "";
        var definition = Reader.GetTypeDefinition((TypeDefinitionHandle)type);
        return Reader.GetString(definition.Namespace) + "." + Reader.GetString(definition.Name);
    }
}
