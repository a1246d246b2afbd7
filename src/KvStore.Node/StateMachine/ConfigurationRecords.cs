using KvStore.Node.State;
using KvStore.Raft;

namespace KvStore.Node.StateMachine;

/// <summary>A Raft <see cref="Configuration"/> in states and peer frames.</summary>
internal static class ConfigurationRecords
{
    public static ConfigurationRecord ToRecord(Configuration configuration) => new()
    {
        Voters = { configuration.Voters.Select(r => r.Value) },
        Outgoing = { configuration.Outgoing.Select(r => r.Value) },
        Learners = { configuration.Learners.Select(r => r.Value) },
        LearnersNext = { configuration.LearnersNext.Select(r => r.Value) },
        AutoLeave = configuration.AutoLeave,
    };

    public static Configuration FromRecord(ConfigurationRecord record) =>
        new(Replicas(record.Voters), Replicas(record.Outgoing), Replicas(record.Learners), Replicas(record.LearnersNext), record.AutoLeave);

    private static List<ReplicaId> Replicas(IEnumerable<ulong> ids) => ids.Select(id => new ReplicaId(id)).ToList();
}
