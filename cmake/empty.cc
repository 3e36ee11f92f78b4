// What a target that is only a precompiled header is made of.
