using KvStore.Client;
using Token = KvStore.Cli.Transactions.ScriptTokens.Token;

namespace KvStore.Cli.Transactions;

/// <summary>The words of one operation; options are taken out by name, and what is left at the end must be the key and one more word at most.</summary>
internal sealed class OperationArguments
{
    private readonly List<Token> _words;

    public OperationArguments(string line)
    {
        Line = line;
        var words = ScriptTokens.Read(line, ScriptTokens.SignMode.PartOfWords);
        Verb = words[0].Text;
        _words = words[1..];
    }

    public string Line { get; }

    public string Verb { get; }

    public KvBytes Key => _words.Count > 0 ? _words[0].Bytes : throw TransactionScript.Bad(Line, "the key is missing");

    public bool Flag(string name) => _words.RemoveAll(w => w.Is(name)) > 0;

    public Token? Value(string name)
    {
        var at = _words.FindIndex(w => w.Is(name));
        if (at < 0) return null;
        if (at + 1 == _words.Count) throw TransactionScript.Bad(Line, $"{name} needs a value");
        var value = _words[at + 1];
        _words.RemoveRange(at, 2);
        return value;
    }

    /// <summary>The interval that KEY END or --prefix names; null: the one key.</summary>
    public KvRange? TakeRange()
    {
        var prefix = Flag("--prefix");
        End(prefix ? 1 : 2);
        if (prefix) return KvRange.Prefix(Key);
        return _words.Count == 2 ? new KvRange(Key, _words[1].Bytes) : null;
    }

    public KvBytes TakeValue()
    {
        End(2);
        return _words.Count == 2 ? _words[1].Bytes : throw TransactionScript.Bad(Line, "the value is missing");
    }

    private void End(int words)
    {
        if (_words.Find(w => !w.Quoted && w.Text.StartsWith("--", StringComparison.Ordinal)) is { Bytes: not null } unknown) throw TransactionScript.Bad(Line, $"{unknown.Text} is no option of {Verb}");
        if (_words.Count > words) throw TransactionScript.Bad(Line, $"'{_words[words].Text}' is too much; quote a text with blanks");
        _ = Key;
    }
}
