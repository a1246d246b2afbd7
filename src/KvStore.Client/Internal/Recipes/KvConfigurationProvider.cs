using KvStore.Client.Recipes;
using Microsoft.Extensions.Configuration;

namespace KvStore.Client.Internal.Recipes;

/// <summary>Follows a prefix and shows its newest state as settings.</summary>
internal sealed class KvConfigurationProvider(KvConfigurationSource source) : ConfigurationProvider, IDisposable
{
    private readonly KvClient _client = source.Client;
    private readonly CancellationTokenSource _stop = new();
    /// <summary>Completed with the first state or failed with the first error.</summary>
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _following;

    /// <summary>Waits for the values at the first call; afterwards they are kept up to date anyway.</summary>
    public override void Load()
    {
        using (ExecutionContext.SuppressFlow()) _following ??= Task.Run(FollowAsync);
        try
        {
            _first.Task.GetAwaiter().GetResult();
        }
        catch (KvException e) when (source.Start == KvConfigurationStart.Optional)
        {
            Log.RecipeRetry(_client.Dispatcher.Log, source.Prefix, e.Message);
        }
        catch
        {
            _stop.Cancel();
            throw;
        }
    }

    public void Dispose() => _stop.Cancel();

    /// <summary>The settings that keys make, which do not distinguish case.</summary>
    internal static Dictionary<string, string?> SettingsOf(string prefix, IEnumerable<KvEntry> entries)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in entries.OrderBy(entry => entry.KeyText, StringComparer.Ordinal))
            if (entry.KeyText.Length > prefix.Length) settings[entry.KeyText[prefix.Length..].Replace("/", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal)] = entry.ValueText;
        return settings;
    }

    private async Task FollowAsync()
    {
        for (var failures = 0; !_stop.IsCancellationRequested && !_client.IsDisposed; failures++)
        {
            try
            {
                await foreach (var state in PrefixStates.FollowAsync(_client.Keyspace(_client.Options.DefaultKeyspace), source.Prefix, _stop.Token).ConfigureAwait(false))
                {
                    Show(SettingsOf(source.Prefix, state.Values));
                    failures = 0;
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (e is KvException or ObjectDisposedException)
            {
                if (!_first.TrySetException(e)) Log.RecipeRetry(_client.Dispatcher.Log, source.Prefix, e.Message);
                await Task.Delay(_client.Dispatcher.Pause(failures), _client.Options.TimeProvider, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        _first.TrySetException(new ObjectDisposedException(nameof(KvConfigurationProvider)));
    }

    /// <summary>Readers see the old settings or the new ones, whole: the dictionary is replaced.</summary>
    private void Show(Dictionary<string, string?> settings)
    {
        var isChanged = Data.Count != settings.Count || settings.Any(pair => !Data.TryGetValue(pair.Key, out var value) || value != pair.Value);
        if (isChanged) Data = settings;
        if (!_first.TrySetResult() && isChanged) OnReload();
    }
}
