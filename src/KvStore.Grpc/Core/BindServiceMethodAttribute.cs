namespace Grpc.Core;

/// <summary>Stands on a generated service class and names the method that binds it.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class BindServiceMethodAttribute(Type bindType, string bindMethodName) : Attribute
{
    public Type BindType { get; } = bindType;

    public string BindMethodName { get; } = bindMethodName;
}
