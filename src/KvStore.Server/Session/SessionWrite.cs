using KvStore.Node;
using KvStore.Node.StateMachine;

namespace KvStore.Server.Session;

/// <summary>A batch of writes of one session, on its way through the log.</summary>
internal sealed class SessionWrite(SessionOutput output, ulong[] ids, OperationKind[] kinds) : WriteBatch
{
    private const int BytesPerResult = 24;
    /// <summary>Beyond it results go out in pieces: a message of a client's default limit takes a piece and the largest result.</summary>
    private const int PieceBytesMax = 64 << 10;

    public override void Applied(ReadOnlySpan<CommandResult> results)
    {
        var buffer = new ResultBuffer(results.Length * BytesPerResult);
        for (var i = 0; i < results.Length; i++)
        {
            if (buffer.Length > PieceBytesMax)
            {
                output.PostPart(buffer);
                buffer = new ResultBuffer((results.Length - i) * BytesPerResult);
            }

            buffer.Command(ids[i], kinds[i], results[i]);
        }

        output.Post(buffer);
    }

    public override void Failed(NodeError error)
    {
        var buffer = new ResultBuffer(256);
        for (var i = 0; i < Count; i++) buffer.Error(ids[i], error);
        output.Post(buffer);
    }
}
