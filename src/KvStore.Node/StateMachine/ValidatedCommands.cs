using KvStore.Node.Leases;

namespace KvStore.Node.StateMachine;

/// <summary>
/// What checked commands say as a whole. <see cref="Session"/> is none for commands outside a client session; <see cref="Fences"/> are those of all commands and <see cref="Leases"/> those that
/// their puts name, each once, null without any.
/// </summary>
public readonly record struct ValidatedCommands(RangeRoute Route, SessionId Session, int Count, IReadOnlyList<WriteFence>? Fences = null, IReadOnlyList<LeaseId>? Leases = null);
