package dev.kapal.cli.output;

import java.io.OutputStream;

/** An {@link Output} for code that writes bytes. Closing only flushes. */
public final class OutputBytes extends OutputStream {
  private final Output out;

  public OutputBytes(Output out) {
    this.out = out;
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) {
    out.write(bytes, offset, length);
  }

  @Override
  public void flush() {
    out.flush();
  }

  @Override
  public void close() {
    out.flush();
  }
}
