// Reads, writes, swaps, counts and scans. Run it against tools/up:  dotnet run --project docs/sample -- http://127.0.0.1:7101
// The tests compile it and run it against a node of their own.
using KvStore.Client;

await using var client = await KvClient.ConnectAsync(args.Length > 0 ? args[0] : "http://127.0.0.1:7101");

// A put returns the revision of the write; the SDK retries by itself and the write applies once.
var put = await client.PutAsync("sample/greeting", "hello");
Console.WriteLine($"put: revision {put.Revision}");

// Linearizable by default: what was acknowledged anywhere is seen here.
var entry = await client.GetAsync("sample/greeting") ?? throw new InvalidOperationException("the key must be there");
Console.WriteLine($"get: {entry.ValueText} (version {entry.Version})");

// Swaps only if nobody else was faster; on a mismatch Current says what is there.
var swap = await client.CompareAndSwapAsync("sample/greeting", "hello", "bye");
Console.WriteLine($"swap: {swap.Swapped}");
var late = await client.CompareAndSwapAsync("sample/greeting", "hello", "too late");
Console.WriteLine($"late swap: {late.Swapped}, there is {late.Current?.ValueText}");

// Creates the key only if it does not exist.
var created = await client.CompareAndSwapAsync("sample/once", KvExpectation.Absent, "first");
Console.WriteLine($"created: {created.Swapped}");

var visits = await client.IncrementAsync("sample/visits", 2);
Console.WriteLine($"visits: {visits.Value}");

// In key order, page by page, one snapshot a range.
await foreach (var found in client.ScanAsync(KvRange.Prefix("sample/")))
    Console.WriteLine($"scan: {found.KeyText} = {found.ValueText}");

var deleted = await client.DeleteAsync("sample/once");
Console.WriteLine($"deleted: {deleted.Existed}");

try
{
    await client.PutAsync("", "no key");
}
catch (KvInvalidArgumentException e)
{
    Console.WriteLine($"refused: {e.Message}");
}
