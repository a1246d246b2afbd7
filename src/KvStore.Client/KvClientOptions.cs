using Microsoft.Extensions.Logging;

namespace KvStore.Client;

/// <summary>Settings of a <see cref="KvClient"/>.</summary>
public sealed class KvClientOptions
{
    /// <summary>The largest time that a call may be given: 24 hours.</summary>
    public static readonly TimeSpan TimeoutMax = TimeSpan.FromHours(24);

    /// <summary>
    /// Nodes to ask for the cluster map, as <c>http://host:port</c> or <c>host:port</c>. One that answers is enough: the map names the others.
    /// Endpoints given to <see cref="KvClient.ConnectAsync(string, KvClientOptions?, CancellationToken)"/> come first.
    /// </summary>
    public IList<string> Endpoints { get; } = [];

    /// <summary>The time that a call may take, all attempts together. Above 0, at most 24 hours; default 10 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The time for the first contact with the cluster. Above 0, at most 24 hours; default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How operations travel.</summary>
    public KvTransport Transport { get; set; }

    /// <summary>The keyspace of the operations on the client itself.</summary>
    public string DefaultKeyspace { get; set; } = "default";

    /// <summary>The pause before the second retry of an operation; it doubles from there, with jitter. Default 10 ms.</summary>
    public TimeSpan BackoffMin { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>The longest pause between two retries. Default 250 ms.</summary>
    public TimeSpan BackoffMax { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The time after which an unanswered operation is sent to another node if another one leads its range by then. Default 1 s.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Where connection losses and the like are logged; null: nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>The clock of deadlines and pauses.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    internal KvClientOptions Checked()
    {
        var copy = (KvClientOptions)MemberwiseClone();
        Check(Timeout, nameof(Timeout));
        Check(ConnectTimeout, nameof(ConnectTimeout));
        Check(BackoffMin, nameof(BackoffMin));
        Check(BackoffMax, nameof(BackoffMax));
        Check(AttemptTimeout, nameof(AttemptTimeout));
        if (BackoffMax < BackoffMin) throw new KvInvalidArgumentException($"{nameof(BackoffMax)} ({BackoffMax}) is less than {nameof(BackoffMin)} ({BackoffMin}).");
        if (string.IsNullOrEmpty(DefaultKeyspace)) throw new KvInvalidArgumentException($"{nameof(DefaultKeyspace)} is empty.");
        return copy;
    }

    internal static TimeSpan Check(TimeSpan value, string name) => value > TimeSpan.Zero && value <= TimeoutMax
        ? value
        : throw new KvInvalidArgumentException($"{name} is {value}; it must be above 0 and at most 24 hours.");
}
