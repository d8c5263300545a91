"""The lists from which names of synthetic people are put together. Common surnames and characters, no real person."""

SURNAMES = list(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
GIVEN = list(
    "安邦博彩长成春大丹德东恩帆芳飞芬峰福刚光国海涵浩和恒红宏华辉慧嘉建江杰洁金静君凯康兰磊丽立良林琳玲龙璐"
    "曼美梦敏明娜宁鹏平琪启倩强勤清庆秋荣瑞若森珊尚胜诗爽思松涛婷彤文武曦霞先贤祥翔晓欣新兴秀旭雪雅妍艳阳"
    "洋耀怡义亦毅英永勇雨玉元远悦云泽哲振正志智中子梓"
)
# Province code (GB/T 2260) and name: where the letters would go. The city in the address does not exist.
PROVINCES = [
    ["110000", "北京市"],
    ["310000", "上海市"],
    ["320000", "江苏省"],
    ["330000", "浙江省"],
    ["350000", "福建省"],
    ["370000", "山东省"],
    ["410000", "河南省"],
    ["420000", "湖北省"],
    ["440000", "广东省"],
    ["510000", "四川省"],
    ["610000", "陕西省"],
]
