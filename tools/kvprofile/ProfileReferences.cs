using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace KvStore.Profile;

/// <summary>The types and methods that a profile names. A nil handle stands for what no assembly has.</summary>
internal sealed class ProfileReferences
{
    private const string SharedTypeArgument = "System.__Canon";

    private static readonly Dictionary<string, SignatureTypeCode> Primitives = new(StringComparer.Ordinal)
    {
        ["System.Void"] = SignatureTypeCode.Void,
        ["System.Boolean"] = SignatureTypeCode.Boolean,
        ["System.Char"] = SignatureTypeCode.Char,
        ["System.SByte"] = SignatureTypeCode.SByte,
        ["System.Byte"] = SignatureTypeCode.Byte,
        ["System.Int16"] = SignatureTypeCode.Int16,
        ["System.UInt16"] = SignatureTypeCode.UInt16,
        ["System.Int32"] = SignatureTypeCode.Int32,
        ["System.UInt32"] = SignatureTypeCode.UInt32,
        ["System.Int64"] = SignatureTypeCode.Int64,
        ["System.UInt64"] = SignatureTypeCode.UInt64,
        ["System.IntPtr"] = SignatureTypeCode.IntPtr,
        ["System.UIntPtr"] = SignatureTypeCode.UIntPtr,
        ["System.Single"] = SignatureTypeCode.Single,
        ["System.Double"] = SignatureTypeCode.Double,
        ["System.Object"] = SignatureTypeCode.Object,
        ["System.String"] = SignatureTypeCode.String,
    };

    private readonly AssemblyIndex _index;
    private readonly MetadataBuilder _metadata;
    private readonly TypeReferenceHandle _shared;
    private readonly Dictionary<string, AssemblyReferenceHandle> _assemblies = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Assembly, TypeDefinition Type), TypeReferenceHandle> _types = [];

    public ProfileReferences(AssemblyIndex index, MetadataBuilder metadata)
    {
        (_index, _metadata) = (index, metadata);
        _shared = metadata.AddTypeReference(Assembly("System.Private.Canon"), metadata.GetOrAddString("System"), metadata.GetOrAddString("__Canon"));
    }

    public EntityHandle Type(TypeName name)
    {
        if (name is { Arguments.Count: 0, Suffix: "" }) return name.Name == SharedTypeArgument ? _shared : Find(name) is { } type ? Reference(type) : default(EntityHandle);
        var signature = new BlobBuilder();
        return Encode(name, signature) ? _metadata.AddTypeSpecification(_metadata.GetOrAddBlob(signature)) : default(EntityHandle);
    }

    /// <summary>A method of a type; a generic one in the form that reference types share.</summary>
    public EntityHandle Method(TypeName name, DefinedType type, MethodDefinition method)
    {
        var parent = name is { Arguments.Count: 0 } ? Reference(type) : Type(name);
        var signature = new BlobBuilder();
        if (parent.IsNil || !new SignatureCopy(signature, handle => Resolve(type, handle)).CopyMethod(type.Reader.GetBlobReader(method.Signature))) return default;
        var reference = _metadata.AddMemberReference(parent, _metadata.GetOrAddString(type.Reader.GetString(method.Name)), _metadata.GetOrAddBlob(signature));
        var parameters = method.GetGenericParameters().Count;
        if (parameters == 0) return reference;
        var arguments = new BlobBuilder();
        var encoder = new BlobEncoder(arguments).MethodSpecificationSignature(parameters);
        for (var i = 0; i < parameters; i++) encoder.AddArgument().Type(_shared, isValueType: false);
        return _metadata.AddMethodSpecification(reference, _metadata.GetOrAddBlob(arguments));
    }

    /// <summary>A method as the runtime names one that a delegate led to: <c>Name|@|Type</c>. Overloads are not told apart.</summary>
    public EntityHandle Method(string text)
    {
        var parts = text.Split("|@|");
        if (parts.Length != 2 || TypeName.Parse(parts[1]) is var name && Find(name) is not { } type) return default;
        var methods = type.Methods.Where(method => type.Reader.StringComparer.Equals(method.Name, parts[0])).ToList();
        return methods.Count == 1 ? Method(name, type, methods[0]) : default;
    }

    private DefinedType? Find(TypeName name)
    {
        var types = _index.Find(name.Name);
        return types.FirstOrDefault(type => type.Assembly == name.Assembly) ?? (types.Count == 1 || name.Assembly is null ? types.FirstOrDefault() : null);
    }

    private AssemblyReferenceHandle Assembly(string name)
    {
        if (!_assemblies.TryGetValue(name, out var handle))
            _assemblies.Add(name, handle = _metadata.AddAssemblyReference(_metadata.GetOrAddString(name), new Version(0, 0, 0, 0), default, default, default, default));
        return handle;
    }

    private TypeReferenceHandle Reference(DefinedType type)
    {
        if (!_types.TryGetValue((type.Assembly, type.Definition), out var handle))
        {
            EntityHandle scope = type.Outer is { } outer ? Reference(outer) : Assembly(type.Assembly);
            _types.Add((type.Assembly, type.Definition), handle = _metadata.AddTypeReference(scope, type.Outer is null ? _metadata.GetOrAddString(type.Namespace) : default, _metadata.GetOrAddString(type.Name)));
        }

        return handle;
    }

    private EntityHandle Resolve(DefinedType user, EntityHandle handle)
    {
        if (handle.Kind == HandleKind.TypeDefinition) return Reference(user with { Definition = user.Reader.GetTypeDefinition((TypeDefinitionHandle)handle) });
        return Find(new TypeName(user.NameOf(handle), null, [], "")) is { } type ? Reference(type) : default(EntityHandle);
    }

    /// <summary>False where a type is unknown; what was written then is of no use.</summary>
    private bool Encode(TypeName name, BlobBuilder signature)
    {
        if (name.Suffix.EndsWith(']'))
        {
            var open = name.Suffix.LastIndexOf('[');
            var rank = name.Suffix.Length - open - 1;
            signature.WriteByte((byte)(rank == 1 ? SignatureTypeCode.SZArray : SignatureTypeCode.Array));
            if (!Encode(name with { Suffix = name.Suffix[..open] }, signature)) return false;
            if (rank == 1) return true;
            signature.WriteCompressedInteger(rank);
            signature.WriteBytes(0, 2); // neither sizes nor lower bounds
            return true;
        }

        if (name.Suffix.Length > 0)
        {
            signature.WriteByte((byte)(name.Suffix[^1] == '*' ? SignatureTypeCode.Pointer : SignatureTypeCode.ByReference));
            return Encode(name with { Suffix = name.Suffix[..^1] }, signature);
        }

        if (Primitives.TryGetValue(name.Name, out var primitive))
        {
            signature.WriteByte((byte)primitive);
            return true;
        }

        var shared = name.Name == SharedTypeArgument;
        var type = shared ? null : Find(name);
        if (type is null && !shared) return false;
        if (name.Arguments.Count > 0) signature.WriteByte((byte)SignatureTypeCode.GenericTypeInstance);
        signature.WriteByte((byte)(type is { IsValueType: true } ? SignatureTypeKind.ValueType : SignatureTypeKind.Class));
        signature.WriteCompressedInteger(CodedIndex.TypeDefOrRefOrSpec(type is null ? _shared : Reference(type)));
        if (name.Arguments.Count > 0) signature.WriteCompressedInteger(name.Arguments.Count);
        return name.Arguments.All(argument => Encode(argument, signature));
    }
}
