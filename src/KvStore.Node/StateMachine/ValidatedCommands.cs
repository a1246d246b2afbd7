namespace KvStore.Node.StateMachine;

/// <summary>What the head of checked commands says. <see cref="Session"/> is none for commands outside a client session; <see cref="Fences"/> are those of all commands, each once, null without any.</summary>
public readonly record struct ValidatedCommands(RangeRoute Route, SessionId Session, int Count, IReadOnlyList<WriteFence>? Fences = null);
