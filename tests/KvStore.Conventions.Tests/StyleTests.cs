using System.Text.RegularExpressions;

namespace KvStore.Conventions.Tests;

/// <summary>Habits that a test can watch better than a reviewer.</summary>
public sealed class StyleTests
{
    private const int LinesMax = 500;
    // Where libc is not there the runtime's own call has to serve.
    private const string ForWindows = "src/KvStore.Storage/FileSystem/ManagedFile.cs";
    private static readonly string[] Product = ["src"];
    private static readonly string[] All = ["src", "tests", "jepsen", "tools"];

    [Fact]
    public void No_file_is_longer_than_500_lines() =>
        None(Repository.Sources(All).Where(s => s.Lines.Length > LinesMax).Select(s => $"{s.Path}: {s.Lines.Length} lines"));

    [Fact]
    public void Only_one_folder_names_FASTER() =>
        None(Matches(Product, @"FASTER\.core").Where(m => !m.StartsWith("src/KvStore.Storage/Engine/Faster", StringComparison.Ordinal)));

    [Fact]
    public void Assertions_stay_on_in_release() => None(Matches(Product, @"\bDebug\.Assert"));

    [Fact]
    public void Nothing_is_synced_through_the_runtime() => 
        None(Matches(Product, @"FlushToDisk|Flush\(true\)|flushToDisk: *true").Where(m => !m.StartsWith(ForWindows, StringComparison.Ordinal)));

    [Fact]
    public void Nothing_is_left_undone() => None(Matches(Product, @"NotImplementedException|\bTODO\b|\bFIXME\b|\bHACK\b|#region"));

    [Fact]
    public void No_exception_is_swallowed() => None(Matches(["src", "jepsen", "tools"], @"catch\b(?!.*\bis \{ \}).*\{\s*\}\s*$"));

    [Fact]
    public void Tests_do_not_sleep() => None(Matches(["tests"], @"Thread\.Sleep|Task\.Delay\(").Where(m => !m.Contains("Timeout.Infinite", StringComparison.Ordinal)));

    [Fact]
    public void Types_have_no_empty_names() =>
        None(Matches(Product, @"\b(class|struct|record|interface)\s+\w*(Manager|Helper|Utils|Utilities|Common|Impl)\b"));

    [Fact]
    public void A_file_that_declares_a_public_type_is_named_after_one()
    {
        var declaration = new Regex(@"^public (?:(?:sealed|static|abstract|readonly|ref|unsafe|partial) )*(?:class|struct|record struct|record class|record|interface|enum|delegate [\w<>?]+) (\w+)");
        var wrong = from source in Repository.Sources(Product)
                    let names = source.Lines.Select(line => declaration.Match(line)).Where(m => m.Success).Select(m => m.Groups[1].Value).ToList()
                    where names.Count > 0 && !names.Contains(Path.GetFileNameWithoutExtension(source.Path)) && Path.GetFileName(source.Path) != "Queries.cs"
                    select $"{source.Path}: {string.Join(", ", names)}";
        None(wrong);
    }

    private static void None(IEnumerable<string> found) => Assert.True(!found.Any(), string.Join('\n', found));

    private static IEnumerable<string> Matches(string[] folders, string pattern)
    {
        var regex = new Regex(pattern);
        return from source in Repository.Sources(folders)
               where !source.Path.Contains("Conventions.Tests", StringComparison.Ordinal)
               from line in source.Lines.Select((text, number) => (text, number))
               where regex.IsMatch(line.text)
               select $"{source.Path}:{line.number + 1}: {line.text.Trim()}";
    }
}
