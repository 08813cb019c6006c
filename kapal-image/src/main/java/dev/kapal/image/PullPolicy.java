package dev.kapal.image;

/** When to ask the registry. */
public enum PullPolicy {
  /** Always; what is there already is not fetched again. */
  ALWAYS,
  /** Only if the store has no such image. */
  MISSING,
  /** Never: an image that is not in the store is an error. */
  NEVER
}
