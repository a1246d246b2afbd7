using KvStore.Node;
using KvStore.Node.StateMachine;

namespace KvStore.Server.Session;

/// <summary>A batch of writes of one session, on its way through the log.</summary>
internal sealed class SessionWrite(SessionOutput output, ulong[] ids, OperationKind[] kinds) : WriteBatch
{
    private const int BytesPerResult = 24;

    public override void Applied(ReadOnlySpan<CommandResult> results)
    {
        var buffer = new ResultBuffer(results.Length * BytesPerResult);
        for (var i = 0; i < results.Length; i++)
        {
            // What a transaction has read may be as large as a client's default limit of a message: it goes alone.
            if (buffer.Length > 0 && buffer.Length + (results[i].Response?.Length ?? 0) >= SessionOutput.PieceBytesMax)
            {
                output.PostPart(buffer);
                buffer = new ResultBuffer((results.Length - i) * BytesPerResult);
            }

            buffer.Command(ids[i], kinds[i], results[i]);
        }

        output.Post(buffer);
    }

    public override void Failed(NodeError error) => output.Refuse(ids.AsSpan(0, Count), error);
}
