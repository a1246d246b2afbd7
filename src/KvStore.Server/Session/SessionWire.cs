using System.Diagnostics.CodeAnalysis;

namespace KvStore.Server.Session;

internal static class SessionWire
{
    /// <exception cref="InvalidDataException">The client sent something that is no protobuf; its stream ends.</exception>
    public static void Require([DoesNotReturnIf(false)] bool wellFormed)
    {
        if (!wellFormed) throw new InvalidDataException("the request is not well-formed protobuf");
    }
}
