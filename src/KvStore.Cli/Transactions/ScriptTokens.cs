using System.Text;

namespace KvStore.Cli.Transactions;

/// <summary>
/// One line of a transaction script in pieces: words, quoted texts (with \\, \", \n, \t and \xHH), and the signs of compares. A quoted text is never an option or a sign.
/// </summary>
internal sealed class ScriptTokens
{
    internal readonly record struct Token(byte[] Bytes, bool Quoted)
    {
        public string Text => Encoding.UTF8.GetString(Bytes);

        public bool Is(string sign) => !Quoted && Text == sign;
    }

    private const string Signs = "(),=!<>";
    private readonly string _line;
    private readonly SignMode _mode;
    private int _at;

    private ScriptTokens(string line, SignMode mode) => (_line, _mode) = (line, mode);

    /// <summary>Whether signs part words: in compares they do, in operations they belong to keys and values.</summary>
    internal enum SignMode { Apart, PartOfWords }

    /// <exception cref="CommandException">A quote does not end, or an escape is unknown.</exception>
    public static List<Token> Read(string line, SignMode mode)
    {
        var tokens = new List<Token>();
        var reader = new ScriptTokens(line, mode);
        while (reader.Next() is { } token) tokens.Add(token);
        return tokens;
    }

    private Token? Next()
    {
        while (_at < _line.Length && char.IsWhiteSpace(_line[_at])) _at++;
        if (_at == _line.Length) return null;
        if (_line[_at] == '"') return Quoted();
        if (IsSign(_line[_at])) return Sign();
        var start = _at;
        while (_at < _line.Length && !char.IsWhiteSpace(_line[_at]) && _line[_at] != '"' && !IsSign(_line[_at])) _at++;
        return new Token(Encoding.UTF8.GetBytes(_line[start.._at]), Quoted: false);
    }

    private Token Sign()
    {
        var length = _line[_at] is '!' or '<' or '>' && _at + 1 < _line.Length && _line[_at + 1] == '=' ? 2 : 1;
        _at += length;
        return new Token(Encoding.UTF8.GetBytes(_line[(_at - length).._at]), Quoted: false);
    }

    private Token Quoted()
    {
        var bytes = new List<byte>();
        for (_at++; _at < _line.Length && _line[_at] != '"';)
        {
            if (_line[_at] == '\\') bytes.Add(Escape());
            else
            {
                var rune = Rune.GetRuneAt(_line, _at);
                bytes.AddRange(Encoding.UTF8.GetBytes(rune.ToString()));
                _at += rune.Utf16SequenceLength;
            }
        }
        if (_at >= _line.Length) throw new CommandException(ExitCode.Usage, $"txn: a quote does not end: {_line}");
        _at++;
        return new Token([.. bytes], Quoted: true);
    }

    private byte Escape()
    {
        var c = _at + 1 < _line.Length ? _line[_at + 1] : ' ';
        _at += 2;
        switch (c)
        {
            case '\\' or '"': return (byte)c;
            case 'n': return (byte)'\n';
            case 't': return (byte)'\t';
            case 'x' when _at + 2 <= _line.Length && byte.TryParse(_line.AsSpan(_at, 2), System.Globalization.NumberStyles.HexNumber, null, out var b):
                _at += 2;
                return b;
            default: throw new CommandException(ExitCode.Usage, $"txn: unknown escape \\{c}: {_line}");
        }
    }

    private bool IsSign(char c) => _mode == SignMode.Apart && Signs.Contains(c, StringComparison.Ordinal);
}
