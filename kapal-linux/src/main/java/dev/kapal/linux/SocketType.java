package dev.kapal.linux;

/** Kinds of unix sockets, see unix(7). */
public enum SocketType {
  STREAM(1),
  DATAGRAM(2),
  SEQPACKET(5);

  private final int number;

  SocketType(int number) {
    this.number = number;
  }

  /** SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET. */
  public int number() {
    return number;
  }
}
