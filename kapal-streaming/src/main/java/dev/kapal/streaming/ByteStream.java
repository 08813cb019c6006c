package dev.kapal.streaming;

import java.io.InputStream;
import java.io.OutputStream;

/**
 * One forwarded connection. Each direction ends on its own: the end of {@link #input} is the
 * client's half-close, closing {@link #output} is ours.
 *
 * @param input what the client sends
 * @param output what the client gets; a write returns when the bytes have left for the network
 */
public record ByteStream(InputStream input, OutputStream output) {}
