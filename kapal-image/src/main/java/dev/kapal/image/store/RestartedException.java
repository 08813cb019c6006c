package dev.kapal.image.store;

import java.io.IOException;

/** A download began anew, so what a follower has read of it is void: follow it again. */
public final class RestartedException extends IOException {
  private static final long serialVersionUID = 1L;

  RestartedException() {
    super("the download began anew");
  }
}
