package dev.kapal.engine.core;

import dev.kapal.engine.AttachRequest;

/** An attachment that waits for its container to start. */
record HeldAttachment(AttachRequest request, LiveAttachment attachment) {}
