using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace KvStore.Profile;

/// <summary>Copies a signature from one module's metadata to another's, where the same types have other tokens.</summary>
internal sealed class SignatureCopy(BlobBuilder target, Func<EntityHandle, EntityHandle> resolve)
{
    /// <summary>False where a type is unknown; what was written then is of no use.</summary>
    public bool CopyMethod(BlobReader source) => Method(ref source);

    private bool Method(ref BlobReader source)
    {
        var header = source.ReadSignatureHeader();
        target.WriteByte(header.RawValue);
        if (header.IsGeneric) CopyNumber(ref source);
        var parameters = CopyNumber(ref source);
        for (var i = 0; i <= parameters; i++)
        {
            if (!Type(ref source)) return false;
        }

        return true;
    }

    private bool Type(ref BlobReader source)
    {
        var code = source.ReadByte();
        target.WriteByte(code);
        switch (code)
        {
            case (byte)SignatureTypeKind.ValueType or (byte)SignatureTypeKind.Class:
                return CopyToken(ref source);
            case (byte)SignatureTypeCode.RequiredModifier or (byte)SignatureTypeCode.OptionalModifier:
                return CopyToken(ref source) && Type(ref source);
            case (byte)SignatureTypeCode.Pointer or (byte)SignatureTypeCode.ByReference or (byte)SignatureTypeCode.SZArray or (byte)SignatureTypeCode.Pinned:
                return Type(ref source);
            case (byte)SignatureTypeCode.GenericTypeParameter or (byte)SignatureTypeCode.GenericMethodParameter:
                CopyNumber(ref source);
                return true;
            case (byte)SignatureTypeCode.GenericTypeInstance:
                if (!Type(ref source)) return false;
                for (var arguments = CopyNumber(ref source); arguments > 0; arguments--)
                {
                    if (!Type(ref source)) return false;
                }

                return true;
            case (byte)SignatureTypeCode.Array:
                if (!Type(ref source)) return false;
                CopyNumber(ref source);
                for (var sizes = CopyNumber(ref source); sizes > 0; sizes--) CopyNumber(ref source);
                for (var bounds = CopyNumber(ref source); bounds > 0; bounds--) CopyNumber(ref source);
                return true;
            case (byte)SignatureTypeCode.FunctionPointer:
                return Method(ref source);
            default:
                return true;
        }
    }

    private int CopyNumber(ref BlobReader source)
    {
        var number = source.ReadCompressedInteger();
        target.WriteCompressedInteger(number);
        return number;
    }

    private bool CopyToken(ref BlobReader source)
    {
        var type = resolve(source.ReadTypeHandle());
        if (type.IsNil) return false;
        target.WriteCompressedInteger(CodedIndex.TypeDefOrRefOrSpec(type));
        return true;
    }
}
