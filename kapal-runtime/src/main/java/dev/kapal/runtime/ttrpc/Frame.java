package dev.kapal.runtime.ttrpc;

import java.nio.ByteBuffer;

/**
 * A frame: 10 bytes of header and a payload (containerd/ttrpc, PROTOCOL.md).
 *
 * @param stream number of the stream; odd where the client has begun it
 * @param type {@link #REQUEST}, {@link #RESPONSE} or {@link #DATA}; others may come
 * @param flags bits by type
 * @param payload at most {@link #MOST} bytes; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; a copy of 4 MiB would be felt
record Frame(int stream, int type, int flags, byte[] payload) {
  static final int HEADER = 10;
  static final int MOST = 4 << 20;

  static final int REQUEST = 1;
  static final int RESPONSE = 2;
  static final int DATA = 3;

  /** The sender of a request will send more. */
  static final int REMOTE_OPEN = 2;

  /** As it goes over the wire. */
  byte[] encode() {
    return ByteBuffer.allocate(HEADER + payload.length)
        .putInt(payload.length)
        .putInt(stream)
        .put((byte) type)
        .put((byte) flags)
        .put(payload)
        .array();
  }
}
