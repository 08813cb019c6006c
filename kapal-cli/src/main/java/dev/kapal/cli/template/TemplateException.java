package dev.kapal.cli.template;

/**
 * A format that cannot be parsed or does not fit what it is applied to. The message says which part
 * and why.
 */
public final class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public TemplateException(String message) {
    super(message);
  }
}
