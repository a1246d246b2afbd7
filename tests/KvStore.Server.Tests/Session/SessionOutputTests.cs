using Grpc.Core;
using KvStore.Node;
using KvStore.Protocol.V1;
using KvStore.Server.Session;

namespace KvStore.Server.Tests.Session;

/// <summary>Answers that a client does not take are bounded in bytes, whatever was asked.</summary>
public sealed class SessionOutputTests
{
    private readonly SlowClient _client = new();
    private readonly SessionOutput _output;

    public SessionOutputTests() => _output = new SessionOutput(_client);

    [Fact]
    public async Task There_is_no_room_while_a_client_leaves_4_MiB_untaken_and_room_again_when_it_takes_some()
    {
        Fill();
        var room = _output.RoomAsync(CancellationToken.None);
        Assert.False(room.IsCompleted);
        _client.TakeAll();
        await room;
        Assert.True(_output.HasRoom);
        Assert.True(_output.RoomAsync(CancellationToken.None).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Room_is_kept_for_64_KiB_of_each_piece_that_is_being_made()
    {
        for (var piece = 0; piece < 64; piece++) Assert.True(_output.TryReserve());
        Assert.False(_output.TryReserve());
        var room = _output.RoomAsync(CancellationToken.None);
        Assert.False(room.IsCompleted);
        _output.EndReservation();
        await room;
        Assert.True(_output.TryReserve());
    }

    [Fact]
    public async Task A_broken_stream_lets_those_go_who_wait_for_room()
    {
        Fill();
        var room = _output.RoomAsync(CancellationToken.None);
        _client.Break();
        await room;
        await _output.DrainedAsync();
    }

    [Fact]
    public async Task Waiting_for_room_can_be_given_up()
    {
        Fill();
        using var source = new CancellationTokenSource();
        var room = _output.RoomAsync(source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => room);
    }

    [Fact]
    public async Task A_refusal_of_many_operations_goes_out_in_pieces_and_names_each_once()
    {
        var ids = Enumerable.Range(1, 50_000).Select(i => (ulong)i).ToArray();
        _client.TakeAll();
        _output.Opened();
        _output.Refuse(ids, new NodeError(NodeErrorCode.InvalidArgument, "no"));
        await _output.DrainedAsync();
        Assert.All(_client.Messages, message => Assert.InRange(message.Length, 1, (1 << 20) + (64 << 10)));
        Assert.Equal(ids, _client.Messages.SelectMany(message => SessionResponse.Parser.ParseFrom(message).Results).Select(result => result.Id));
    }

    private void Fill()
    {
        for (ulong id = 1; _output.HasRoom; id++)
        {
            Assert.InRange(id, 1ul, 100ul);
            _output.Opened();
            var piece = new ResultBuffer(1);
            piece.Write(new OperationResult { Id = id, Get = new GetResponse { Kv = new KeyValue { Value = Google.Protobuf.ByteString.CopyFrom(new byte[64 << 10]) } } });
            _output.PostAndWrite(piece);
        }
    }

    /// <summary>Takes no message before it is told to.</summary>
    private sealed class SlowClient : IServerStreamWriter<RawResponse>
    {
        private readonly TaskCompletionSource _takes = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<byte[]> Messages { get; } = [];

        public WriteOptions? WriteOptions { get; set; }

        public void TakeAll() => _takes.SetResult();

        public void Break() => _takes.SetException(new IOException("the client has gone"));

        public async Task WriteAsync(RawResponse message)
        {
            Messages.Add([.. message.Pieces.SelectMany(piece => piece.Written.ToArray())]);
            message.Pieces.Clear();
            await _takes.Task;
        }

        public Task WriteAsync(RawResponse message, CancellationToken cancellationToken) => WriteAsync(message);
    }
}
