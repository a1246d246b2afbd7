namespace Grpc.Core;

/// <summary>How a call ended: a code, a text for people, and on the side that saw it the exception behind it (never sent).</summary>
internal readonly struct Status(StatusCode statusCode, string detail, Exception? debugException = null)
{
    public static readonly Status DefaultSuccess = new(StatusCode.OK, "");

    public static readonly Status DefaultCancelled = new(StatusCode.Cancelled, "");

    public StatusCode StatusCode { get; } = statusCode;

    public string Detail { get; } = detail;

    public Exception? DebugException { get; } = debugException;

    public override string ToString() =>
        DebugException is null ? $"Status(StatusCode=\"{StatusCode}\", Detail=\"{Detail}\")" : $"Status(StatusCode=\"{StatusCode}\", Detail=\"{Detail}\", DebugException=\"{DebugException.GetType()}: {DebugException.Message}\")";
}
