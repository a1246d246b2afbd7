using KvStore.Node.StateMachine;

namespace KvStore.Simulation.Checks;

/// <summary>A write that is repeated under its session and sequence is applied once: whatever answers come, early or late, from whatever node, they are the same.</summary>
internal sealed class SessionAnswersCheck(Findings findings)
{
    public const string Name = "sessions apply once";

    private readonly Dictionary<(SessionId, ulong), CommandResult> _answers = [];

    public void Answered(SessionId session, ulong sequence, in CommandResult answer)
    {
        if (session.IsNone || answer.Status is CommandStatus.SessionExpired or CommandStatus.EpochNotMatch or CommandStatus.FenceUnregistered or CommandStatus.ResourceExhausted) return;
        if (_answers.TryAdd((session, sequence), answer)) return;
        var first = _answers[(session, sequence)];
        if ((first.Status, first.Revision, first.Flag, first.Number) != (answer.Status, answer.Revision, answer.Flag, answer.Number) || !first.Response.AsSpan().SequenceEqual(answer.Response))
            findings.Report(Name, $"sequence {sequence} of session {session.Index} in group {session.Group} was answered with {first} and then with {answer}");
    }
}
