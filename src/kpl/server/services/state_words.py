"""The states of runs and tasks in Chinese, for sentences; the console has the same words."""

_IN_CHINESE = {
    "waiting": "等待上游",
    "resolving": "解析中",
    "searching": "调参中",
    "queued": "排队中",
    "starting": "启动中",
    "running": "运行中",
    "ready": "就绪",
    "restarting": "重启中",
    "stopping": "停止中",
    "stopped": "已停止",
    "collecting": "保存输出",
    "succeeded": "成功",
    "reused": "已复用",
    "failed": "失败",
    "cancelled": "已取消",
    "skipped": "已跳过",
}


def state_in_chinese(state: str) -> str:
    return _IN_CHINESE[state]
