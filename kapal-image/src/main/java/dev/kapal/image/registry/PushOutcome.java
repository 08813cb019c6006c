package dev.kapal.image.registry;

/** How a blob came to be at the registry. */
public enum PushOutcome {
  /** It was there before. */
  EXISTED,
  /** The registry linked it from another repository; no bytes were sent. */
  MOUNTED,
  /** It was uploaded. */
  UPLOADED
}
