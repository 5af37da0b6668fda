// The room's specification follows.
