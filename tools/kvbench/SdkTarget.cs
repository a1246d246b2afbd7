using KvStore.Client;

namespace KvStore.Bench;

/// <summary>This repository's SDK.</summary>
internal sealed class SdkTarget(BenchOptions options, KvClient client) : ITarget
{
    private readonly byte[][] _keys = BenchKeys.Make(options);
    private readonly byte[] _value = BenchKeys.Value(options);

    public int OperationsPerCall => 1;

    public ValueTask CallAsync(int caller, int index) => options.Load == LoadKind.Put ? FillAsync(caller, index) : GetAsync(index);

    public async ValueTask FillAsync(int caller, int index) => await client.PutAsync(_keys[index], _value).ConfigureAwait(false);

    public ValueTask DisposeAsync() => client.DisposeAsync();

    private async ValueTask GetAsync(int index)
    {
        if (await client.GetAsync(_keys[index]).ConfigureAwait(false) is null) throw new InvalidOperationException("A key that was written is missing.");
    }
}
