package dev.kapal.image.unpack;

import dev.kapal.image.ImageException;
import dev.kapal.image.tar.TarException;
import dev.kapal.image.tar.TarLimits;
import dev.kapal.image.tar.TarReader;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;

/**
 * Unpacks one layer into one empty directory, in two steps: {@link #stream} needs only the layer
 * itself, so that layers can be unpacked at the same time; {@link #finish} needs those below. One
 * thread owns it.
 */
public final class LayerUnpack implements AutoCloseable {
  private final Descriptors calls;
  private final Fd root;
  private final TarLimits limits;
  private final LayerPlacer placer;

  /** Unpacks below a directory whose descriptor stays the caller's. */
  public LayerUnpack(Descriptors calls, Fd root, TarLimits limits) {
    this.calls = calls;
    this.root = root;
    this.limits = limits;
    this.placer = new LayerPlacer(calls, root);
  }

  /**
   * Decompresses the layer (closing the stream), and places what is in it.
   *
   * @throws ImageException.Refused if the layer is malformed or hostile; the message names the
   *     entry
   * @throws ImageException.Failed if this machine cannot do it, or the thread was interrupted
   */
  public Placed stream(InputStream layer, String name) {
    try (LayerPipe pipe = new LayerPipe(layer, name)) {
      TarReader tar = new TarReader(pipe, limits);
      placer.placeAll(tar);
      tar.drain();
      return new Placed(pipe.diffId(), pipe.total(), placer.fileBytes(), tar.entries());
    } catch (InterruptedIOException e) {
      throw new ImageException.Failed("unpacking layer " + name + " was interrupted", e);
    } catch (TarException e) {
      throw new ImageException.Refused("layer " + name + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new ImageException.Refused(
          "layer " + name + " cannot be decompressed: " + e.getMessage(), e);
    }
  }

  /** Adds what depends on the layers below. */
  public void finish(LayerStack below) {
    try {
      new LayerFinisher(calls, root, placer, below).finish();
    } catch (ErrnoException e) {
      throw LayerPlacer.explain("of a directory", e);
    }
  }

  @Override
  public void close() {
    placer.close();
  }
}
