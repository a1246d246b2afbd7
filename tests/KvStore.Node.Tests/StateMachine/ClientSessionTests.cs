using KvStore.Node.StateMachine;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.Tests.StateMachine;

public sealed class ClientSessionTests
{
    private static readonly SessionId Id = new(new GroupId(1), 5);
    private readonly ClientSession session = new(Id, timeToLive: 100, lastUsed: 0);

    [Fact]
    public void A_result_is_kept_until_it_is_acknowledged()
    {
        Keep(1);
        Keep(3);
        Assert.Equal(SequenceState.Answered, session.Find(1, out var answer));
        Assert.Equal(Result(1), answer.Result);
        Assert.Equal(SequenceState.New, session.Find(2, out _));
        Assert.Equal(SequenceState.New, session.Find(4, out _));
        session.Acknowledge(2);
        Assert.Equal(SequenceState.Acknowledged, session.Find(1, out _));
        Assert.Equal(SequenceState.Answered, session.Find(3, out _));
    }

    [Fact]
    public void A_sequence_that_was_acknowledged_before_it_came_is_never_new()
    {
        session.Acknowledge(10);
        Assert.Equal(SequenceState.Acknowledged, session.Find(9, out _));
        Assert.Equal(SequenceState.New, session.Find(10, out _));
        session.Acknowledge(ulong.MaxValue);
        Assert.Equal(SequenceState.Acknowledged, session.Find(10, out _));
    }

    [Fact]
    public void A_window_that_never_moves_is_refused_instead_of_growing()
    {
        Assert.Equal(SequenceState.New, session.Find(ClientSession.WindowMax, out _));
        Assert.Equal(SequenceState.TooFarAhead, session.Find(ClientSession.WindowMax + 1, out _));
        Assert.Equal(SequenceState.TooFarAhead, session.Find(ulong.MaxValue, out _));
        session.Acknowledge(2);
        Assert.Equal(SequenceState.New, session.Find(ClientSession.WindowMax + 1, out _));
    }

    [Fact]
    public void Bytes_count_results_holes_and_values_and_go_back()
    {
        Assert.Equal(ClientSession.SessionBytes, session.Bytes);
        Keep(10);
        Assert.Equal(ClientSession.SessionBytes + 10 * ClientSession.ResultBytes, session.Bytes);
        var current = new KeyValue(new byte[3], new byte[1000], new Revision(1), new Revision(1), 1, 0, false);
        session.Keep(new StoredAnswer(11, new RangeId(1), new CommandResult(CommandStatus.Mismatch, new Revision(1)) { Current = current }));
        Assert.Equal(ClientSession.SessionBytes + 11 * ClientSession.ResultBytes + 1003, session.Bytes);
        session.Acknowledge(11);
        Assert.Equal(ClientSession.SessionBytes + ClientSession.ResultBytes + 1003, session.Bytes);
        session.Acknowledge(500);
        Assert.Equal(ClientSession.SessionBytes, session.Bytes);
    }

    /// <summary>The ring against a plain dictionary, with random windows, holes and acknowledgements.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void It_behaves_as_a_dictionary_of_results(int seed)
    {
        var random = new Random(seed);
        var model = new Dictionary<ulong, CommandResult>();
        ulong lowest = 1;
        for (var step = 0; step < 5000; step++)
        {
            var sequence = (ulong)Math.Max(1, (long)lowest + random.Next(-5, random.Next(100) == 0 ? 5000 : 60));
            if (random.Next(8) == 0 && sequence > lowest)
            {
                session.Acknowledge(lowest = sequence);
                foreach (var old in model.Keys.Where(k => k < lowest).ToList()) model.Remove(old);
            }
            var expected = sequence < lowest ? SequenceState.Acknowledged : model.ContainsKey(sequence) ? SequenceState.Answered : SequenceState.New;
            Assert.Equal(expected, session.Find(sequence, out var answer));
            if (expected == SequenceState.Answered) Assert.Equal(model[sequence], answer.Result);
            if (expected != SequenceState.New) continue;
            Keep(sequence);
            model.Add(sequence, Result(sequence));
        }
        Assert.Equal(model.Keys.Order(), session.Answers().Select(a => a.Sequence));
        var span = model.Count == 0 ? 0 : (long)(model.Keys.Max() - lowest + 1);
        Assert.Equal(ClientSession.SessionBytes + span * ClientSession.ResultBytes, session.Bytes);
    }

    private void Keep(ulong sequence) => session.Keep(new StoredAnswer(sequence, new RangeId(1), Result(sequence)));

    private static CommandResult Result(ulong sequence) => new(CommandStatus.Ok, new Revision(sequence * 7), Number: (long)sequence);
}
