using System.Text;

namespace KvStore.Raft.Tests.Scenarios;

/// <summary>How scripts show messages and entries.</summary>
internal static class MessageText
{
    public static string Of(RaftMessage m)
    {
        var text = new StringBuilder($"{m.From}->{m.To} {m.Kind} term={m.Term}");
        if (m.Kind == MessageKind.AppendEntries) text.Append($" prev={m.LogTerm}/{m.Index} commit={m.Commit} [{string.Join(", ", m.Entries.Select(Of))}]");
        else
        {
            if (m.Index != LogIndex.None || m.Kind is MessageKind.RequestVote or MessageKind.RequestPreVote) text.Append($" index={m.Index}");
            if (!m.Reject && (m.LogTerm != Term.None || m.Kind is MessageKind.RequestVote or MessageKind.RequestPreVote)) text.Append($" logTerm={m.LogTerm}");
            if (m.Commit != LogIndex.None) text.Append($" commit={m.Commit}");
            if (m.Round != 0 && m.Kind is MessageKind.Heartbeat or MessageKind.HeartbeatResponse) text.Append($" round={m.Round}");
        }
        if (m.Transfer) text.Append(" transfer");
        if (m.Reject) text.Append(m.Kind == MessageKind.AppendEntriesResponse ? $" reject hint={m.LogTerm}/{m.HintIndex}" : " reject");
        if (m.Configuration is not null) text.Append($" {m.Configuration}");
        return text.ToString();
    }

    public static string Of(Entry e) => $"{e.Term}/{e.Index}" + e.Kind switch
    {
        EntryKind.Normal => $" \"{Encoding.UTF8.GetString(e.Payload.Span)}\"",
        EntryKind.ConfigurationChange => $" {Configuration.Decode(e.Payload.Span)}",
        _ => $" {e.Kind}",
    };
}
