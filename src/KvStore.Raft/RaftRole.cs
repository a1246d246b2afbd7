namespace KvStore.Raft;

public enum RaftRole { Follower, PreCandidate, Candidate, Leader }
