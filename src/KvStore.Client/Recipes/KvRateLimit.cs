namespace KvStore.Client.Recipes;

/// <summary>The answer of a rate limiter.</summary>
/// <param name="Granted">Whether the caller may go on.</param>
/// <param name="Left">Permits that were left in the window behind this answer.</param>
/// <param name="RetryAfter">When refused: how long the window lasts that has no more permits; zero when granted.</param>
public readonly record struct KvRateLimit(bool Granted, int Left, TimeSpan RetryAfter);
